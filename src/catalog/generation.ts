import type { Reasoning } from './model-card.ts'

/** What a Gemini id says about itself: `gemini-3.5-flash-lite` is 3, 5, `flash-lite`. */
export interface Generation {
  readonly major: number
  readonly minor: number
  /** `pro`, `flash`, `flash-lite` or another product word; empty if the id has none. */
  readonly tier: string
}

const GEMINI = /(?:^|[/.])gemini-(\d{1,3})(?:\.(\d{1,3}))?(?:-(flash-lite|[a-z]+))?/

/** Reads the generation out of a Gemini id; undefined for ids without one, such as `gemini-flash-latest`. */
export function generationOf(id: string): Generation | undefined {
  const match = GEMINI.exec(id)
  if (match === null) return undefined
  return { major: Number(match[1]), minor: Number(match[2] ?? 0), tier: match[3] ?? '' }
}

/** The newest generation's control. `minimal` is left out: 3.7 and later answer it with 400. */
const NEWEST_THINKING: Reasoning = { kind: 'level', levels: ['low', 'medium', 'high'] }

const WITHOUT_THINKING = /-(?:tts|embedding|image|live|transcribe|audio)\b|^(?:gemma|gemini-embedding)-/

const BUDGETS: Readonly<Record<string, Reasoning>> = {
  pro: { kind: 'budget', min: 128, max: 32_768, default: 'dynamic' },
  flash: { kind: 'budget', min: 0, max: 24_576, off: 0, default: 'dynamic' },
  'flash-lite': { kind: 'budget', min: 512, max: 24_576, off: 0, default: 'off' },
}

/** How to steer the thinking of a Gemini model the catalog does not list; undefined: it takes no control. */
export function thinkingOf(id: string): Reasoning | undefined {
  if (WITHOUT_THINKING.test(id)) return undefined
  const generation = generationOf(id)
  if (generation === undefined || generation.major > 2) return NEWEST_THINKING
  return generation.major === 2 && generation.minor >= 5 ? BUDGETS[generation.tier] : undefined
}
