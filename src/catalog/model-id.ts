import type { CatalogProvider } from './model-card.ts'

/** Wide enough for `ft:gpt-4o-mini-2024-07-18:acme::9abc`; the id may end up in a URL or a log line. */
const SAFE_ID = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/

/** A Gemini id becomes a path segment, where `/` and `:` would choose another method. */
const SAFE_GEMINI_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** Google's own name for a model is `models/{id}`. */
const MODELS = 'models/'

const PREFIXES: readonly { readonly prefix: string; readonly provider: CatalogProvider }[] = [
  { prefix: 'openai/', provider: 'openai' },
  { prefix: 'gemini/', provider: 'gemini' },
  { prefix: 'google/', provider: 'gemini' },
  { prefix: MODELS, provider: 'gemini' },
]

/** A model id as callers write it, taken apart: `gemini/models/gemini-x` is `gemini-x` at Gemini. */
export interface NamedModel {
  readonly id: string
  /** The provider the caller wrote before the id, if any. */
  readonly provider?: CatalogProvider
}

/** Splits off provider prefixes; undefined if the text cannot safely be part of an upstream URL. */
export function nameModel(text: string): NamedModel | undefined {
  if (!isSafeModelId(text)) return undefined
  const outer = PREFIXES.find(({ prefix }) => text.startsWith(prefix))
  if (outer === undefined) return { id: text }
  const rest = text.slice(outer.prefix.length)
  const id = outer.provider === 'gemini' && outer.prefix !== MODELS ? withoutPrefix(rest, MODELS) : rest
  const safe = outer.provider === 'gemini' ? SAFE_GEMINI_ID.test(id) : isSafeModelId(id)
  return safe ? { id, provider: outer.provider } : undefined
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}

/** Whether a model id has no character or sequence that could reach beyond its place in a URL. */
export function isSafeModelId(id: string): boolean {
  return SAFE_ID.test(id) && !id.includes('..') && !id.includes('//')
}

/** Whether an id may stand in `/v1beta/models/{id}:generateContent`. */
export function isSafeGeminiId(id: string): boolean {
  return SAFE_GEMINI_ID.test(id) && !id.includes('..')
}
