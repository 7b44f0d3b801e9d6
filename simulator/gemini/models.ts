/** What of gemini.md 2.8 and 8 decides whether a request is accepted. */
export interface Model {
  id: string
  generation: 2 | 3 | 4
  /** gemini.md 2.8: how thinking is steered. */
  thinking:
    | { kind: 'none' }
    | { kind: 'budget'; min: number; max: number; off: boolean; standard: number }
    /** `budgets`: 3.0 and 3.1 tolerate budgets; 3.5 and later answer 400. */
    | { kind: 'level'; levels: readonly string[]; standard: string; budgets: boolean }
  kind: 'chat' | 'image' | 'speech' | 'embedding' | 'live' | 'gemma'
  /** The first date (YYYY-MM-DD) on which it is gone. */
  shutdown?: string
  /** gemini.md 8: from this date requests are served by another model. */
  routed?: { from: string; to: string }
  maxOutput: number
  /** gemini.md 2.2 rule 5: 3.7 and later reject a conversation that ends with the model. */
  prefill?: boolean
}

type Thinking = Model['thinking']

const NONE: Thinking = { kind: 'none' }
const L_H = ['low', 'medium', 'high']
const M_H = ['minimal', ...L_H]

function level(levels: readonly string[], standard: string, budgets = false): Thinking {
  return { kind: 'level', levels, standard, budgets }
}

function budget(min: number, max: number, off: boolean, standard = -1): Thinking {
  return { kind: 'budget', min, max, off, standard }
}

function row(
  id: string,
  generation: Model['generation'],
  thinking: Thinking,
  more: Partial<Model> = {},
): Model {
  return { id, generation, thinking, kind: 'chat', maxOutput: 65_536, ...more }
}

const NO_PREFILL = { prefill: false } as const

const ROWS: readonly Model[] = [
  row('gemini-4-argon', 4, level(L_H, 'medium'), NO_PREFILL),
  row('gemini-4-carbon', 4, level(L_H, 'medium'), NO_PREFILL),
  row('gemini-4-hydrogen', 4, level([...L_H, 'xhigh'], 'medium'), NO_PREFILL),
  row('gemini-3.8-flash', 3, level(L_H, 'medium'), NO_PREFILL),
  row('gemini-3.7-flash', 3, level(L_H, 'medium'), NO_PREFILL),
  row('gemini-flash-latest', 3, level(L_H, 'medium'), NO_PREFILL),
  row('gemini-flash-lite-latest', 3, level(M_H, 'minimal')),
  row('gemini-pro-latest', 3, level(L_H, 'high', true)),
  row('gemini-3.6-flash', 3, level(M_H, 'medium')),
  row('gemini-3.5-flash', 3, level(M_H, 'medium')),
  row('gemini-3.5-flash-lite', 3, level(M_H, 'minimal')),
  row('gemini-3.1-pro-preview', 3, level(L_H, 'high', true)),
  row('gemini-3.1-pro-preview-customtools', 3, level(L_H, 'high', true)),
  row('gemini-3.1-flash-lite', 3, level(M_H, 'minimal', true), { shutdown: '2027-05-07' }),
  row('gemini-3-flash-preview', 3, level(M_H, 'high', true)),
  row('gemini-3-pro-preview', 3, level(['low', 'high'], 'high', true), { shutdown: '2026-03-09' }),
  row('gemini-2.5-pro', 2, budget(128, 32_768, false), {
    routed: { from: '2026-12-01', to: 'gemini-3.8-flash' },
  }),
  row('gemini-2.5-flash', 2, budget(0, 24_576, true), {
    routed: { from: '2026-12-01', to: 'gemini-3.5-flash-lite' },
  }),
  row('gemini-2.5-flash-lite', 2, budget(512, 24_576, true, 0)),
  row('gemini-2.0-flash', 2, NONE, { shutdown: '2026-06-01', maxOutput: 8_192 }),
  row('gemini-2.0-flash-001', 2, NONE, { shutdown: '2026-06-01', maxOutput: 8_192 }),
  row('gemini-2.0-flash-lite', 2, NONE, { shutdown: '2026-06-01', maxOutput: 8_192 }),
  row('gemma-4-31b-it', 2, NONE, { kind: 'gemma', maxOutput: 32_768 }),
  row('gemma-4-26b-a4b-it', 2, NONE, { kind: 'gemma', maxOutput: 32_768 }),
  row('gemini-2.5-flash-image', 2, NONE, { kind: 'image', maxOutput: 32_768 }),
  row('gemini-3-pro-image', 3, budget(0, 32_768, false), { kind: 'image', maxOutput: 32_768 }),
  row('gemini-3.1-flash-image', 3, level(['minimal', 'high'], 'minimal'), { kind: 'image' }),
  row('gemini-3.1-flash-lite-image', 3, level(['minimal', 'high'], 'minimal'), { kind: 'image' }),
  row('gemini-2.5-flash-preview-tts', 2, NONE, { kind: 'speech' }),
  row('gemini-2.5-pro-preview-tts', 2, NONE, { kind: 'speech' }),
  row('gemini-3.1-flash-tts-preview', 3, NONE, { kind: 'speech' }),
  row('gemini-3.8-flash-tts', 3, NONE, { kind: 'speech' }),
  row('gemini-3.8-flash-lite-tts', 3, NONE, { kind: 'speech' }),
  row('gemini-embedding-001', 2, NONE, { kind: 'embedding' }),
  row('gemini-embedding-2', 3, NONE, { kind: 'embedding' }),
  row('gemini-3.8-live', 3, NONE, { kind: 'live' }),
]

export const MODELS: ReadonlyMap<string, Model> = new Map(ROWS.map((each) => [each.id, each]))

export function isShut(model: Model, today: string): boolean {
  return model.shutdown !== undefined && model.shutdown <= today
}

/** The model that serves: after the date, the one that requests are routed to, with its rules. */
export function servedBy(model: Model, today: string): Model {
  if (model.routed === undefined || model.routed.from > today) return model
  return MODELS.get(model.routed.to) ?? model
}

/** Who can read a thought signature, gemini.md 4.6: the major generation. */
export function family(model: Model): string {
  return `gemini-${model.generation}`
}
