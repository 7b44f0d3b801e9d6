import { card } from './card.ts'
import { thinkingOf } from './generation.ts'
import type { CatalogEndpoint, CatalogProvider, ModelCard } from './model-card.ts'
import { isSafeGeminiId, nameModel } from './model-id.ts'
import { isReasoning } from './parameters.ts'

interface FamilyRow {
  readonly pattern: RegExp
  readonly provider: CatalogProvider
  readonly endpoints: readonly CatalogEndpoint[]
}

/** The first pattern that matches an id decides, so kinds stand before the family they belong to. */
const FAMILIES: readonly FamilyRow[] = [
  { pattern: /^text-embedding-/, provider: 'openai', endpoints: ['embeddings'] },
  { pattern: /^omni-moderation/, provider: 'openai', endpoints: ['moderations'] },
  {
    pattern: /^(?:dall-e|gpt-image|chatgpt-image)/,
    provider: 'openai',
    endpoints: ['images', 'image_edits'],
  },
  { pattern: /^tts-|^gpt-.*-tts/, provider: 'openai', endpoints: ['speech'] },
  { pattern: /^whisper-/, provider: 'openai', endpoints: ['transcriptions', 'translations'] },
  { pattern: /^gpt-.*transcribe/, provider: 'openai', endpoints: ['transcriptions'] },
  { pattern: /^gpt-.*realtime/, provider: 'openai', endpoints: ['realtime'] },
  { pattern: /^gpt-.*audio/, provider: 'openai', endpoints: ['chat'] },
  { pattern: /^(?:gpt-|chatgpt-|o\d|ft:)/, provider: 'openai', endpoints: ['chat', 'responses'] },
  { pattern: /^gemini-.*embedding/, provider: 'gemini', endpoints: ['embeddings'] },
  { pattern: /^gemini-.*-tts/, provider: 'gemini', endpoints: ['speech'] },
  { pattern: /^gemini-.*-(?:live|native-audio)/, provider: 'gemini', endpoints: ['live'] },
  { pattern: /^gemini-.*-image/, provider: 'gemini', endpoints: ['chat', 'images'] },
  { pattern: /^(?:gemini|gemma)-/, provider: 'gemini', endpoints: ['chat'] },
]

/**
 * A card for an id that the catalog does not list, from the shape of the id alone: the newest behaviour
 * of its family, no limits and no prices. Undefined if the id is unsafe, belongs to no family or names
 * another provider than its family's.
 */
export function familyOf(id: string): ModelCard | undefined {
  const named = nameModel(id)
  const family = named && FAMILIES.find(({ pattern }) => pattern.test(named.id))
  if (named === undefined || family === undefined) return undefined
  if (named.provider !== undefined && named.provider !== family.provider) return undefined
  if (family.provider === 'gemini' && !isSafeGeminiId(named.id)) return undefined
  return assume(named.id, family)
}

/** The catalog's card, or else the family's assumptions. */
export function cardOrFamily(id: string): ModelCard | undefined {
  return card(id) ?? familyOf(id)
}

function assume(id: string, { provider, endpoints }: FamilyRow): ModelCard {
  const base = fineTunedFrom(id)
  const reasoning = base === undefined ? reasoningOf(id, provider) : base.reasoning
  return {
    ...base,
    id,
    provider,
    upstreamId: id,
    aliases: [],
    snapshots: [],
    status: 'active',
    assumed: true,
    endpoints: base?.endpoints ?? endpoints,
    inputs: base?.inputs ?? [],
    outputs: base?.outputs ?? [],
    prices: [],
    equivalents: [],
    ...(reasoning && { reasoning }),
  }
}

/**
 * What a fine-tune `ft:{base}:{organisation}:{suffix}:{id}` takes over from its base: abilities and limits,
 * but neither price nor dates.
 */
function fineTunedFrom(id: string): Partial<ModelCard> | undefined {
  const base = id.startsWith('ft:') ? card(id.split(':')[1] ?? '') : undefined
  if (base === undefined) return undefined
  const { fees: _f, released: _r, deprecated: _d, shutdown: _s, replacement: _p, batch: _b, ...kept } = base
  return kept
}

function reasoningOf(id: string, provider: CatalogProvider): ModelCard['reasoning'] {
  if (provider === 'gemini') return thinkingOf(id)
  return isReasoning(id)
    ? { kind: 'effort', efforts: ['low', 'medium', 'high'], canDisable: false }
    : undefined
}
