/**
 * The models that every suite of an SDK runs over: one relayed, and one of each generation of Gemini, whose rules
 * for thought signatures and call ids differ.
 */
export const MODELS = ['gpt-4o-mini', 'gemini-2.5-flash', 'gemini-3.8-flash'] as const

export const isGemini = (model: string): boolean => model.startsWith('gemini-')
