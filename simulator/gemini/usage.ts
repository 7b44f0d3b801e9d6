import type { Turn } from '../answer.ts'
import { objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { tokensOf } from '../tokens.ts'
import type { Model } from './models.ts'

/** gemini.md 2.4, the default resolution. */
const MEDIA_TOKENS = { 2: 258, 3: 1_120, 4: 1_120 } as const

/** Made-up but fixed amounts, so that a test can name them. */
const THOUGHTS: Record<string, number> = { minimal: 0, low: 32, medium: 64, high: 128, xhigh: 256 }

/** How many hidden tokens an answer costs, by gemini.md 2.8's controls. */
export function thoughtsFor(model: Model, generation: JsonObject): number {
  const config = objectOf(generation['thinkingConfig'])
  if (model.thinking.kind === 'none') return 0
  const asked = config['thinkingBudget']
  if (typeof asked === 'number' && asked >= 0) return Math.min(asked, 64)
  if (model.thinking.kind === 'budget') return asked === undefined && model.thinking.standard === 0 ? 0 : 64
  return THOUGHTS[(textOf(config['thinkingLevel']) || model.thinking.standard).toLowerCase()] ?? 64
}

export interface Prompt {
  total: number
  cached: number
  details: Json[]
}

export function promptTokens(request: JsonObject, turn: Turn, model: Model): Prompt {
  const text = tokensOf(
    JSON.stringify({ ...request, generationConfig: undefined }).replaceAll(
      /"(data|thoughtSignature)":"[^"]*"/g,
      '',
    ),
  )
  const perMedia = MEDIA_TOKENS[model.generation]
  const byModality = new Map([['TEXT', text]])
  for (const { mime } of turn.media)
    byModality.set(modality(mime), (byModality.get(modality(mime)) ?? 0) + perMedia)
  const total = text + turn.media.length * perMedia
  return {
    total,
    cached: /cached/i.test(turn.userText) ? Math.floor((total * 3) / 4) : 0,
    details: [...byModality].map(([name, tokenCount]) => ({ modality: name, tokenCount })),
  }
}

function modality(mime: string): string {
  const kind = mime.split('/')[0]?.toUpperCase() ?? ''
  if (mime === 'application/pdf') return 'DOCUMENT'
  return ['IMAGE', 'AUDIO', 'VIDEO'].includes(kind) ? kind : 'TEXT'
}

export interface Counts {
  candidates: number
  thoughts: number
  /** What the visible tokens are of, where it is no text. */
  modality?: string
}

/** gemini.md 3.3; zero counters are left out, gemini.md 1.1. */
export function usageMetadata(prompt: Prompt, { candidates, thoughts, modality }: Counts): JsonObject {
  return {
    promptTokenCount: prompt.total,
    ...(prompt.cached > 0
      ? {
          cachedContentTokenCount: prompt.cached,
          cacheTokensDetails: [{ modality: 'TEXT', tokenCount: prompt.cached }],
        }
      : {}),
    ...(candidates > 0 ? { candidatesTokenCount: candidates } : {}),
    ...(candidates > 0 && modality !== undefined
      ? { candidatesTokensDetails: [{ modality, tokenCount: candidates }] }
      : {}),
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
    totalTokenCount: prompt.total + candidates + thoughts,
    promptTokensDetails: prompt.details,
  }
}
