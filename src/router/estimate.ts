import { CHARS_PER_TOKEN, textTokens } from '../lib/text-tally.ts'

/** How many prompt tokens a request has, roughly: for eligibility and expected cost, never for a bill. */

/** A usual image at high detail. */
const IMAGE_TOKENS = 1_000
/** Audio: both providers count about 32 tokens a second; base64 of 16-bit 16 kHz mono is 42,667 characters a second. */
const AUDIO_CHARS_PER_TOKEN = 1_333
/** Role, separators and names around every message or tool. */
const TOKENS_PER_OBJECT = 3
/** Nested deeper than any real request: stop reading. */
const DEPTH_MAX = 40

/** Members that hold media, whatever endpoint they come in: counted by what they are, not by their characters. */
const MEDIA: ReadonlyMap<string, (value: unknown) => number> = new Map([
  ['image_url', () => IMAGE_TOKENS],
  ['input_audio', (value: unknown) => Math.ceil(longest(value) / AUDIO_CHARS_PER_TOKEN)],
  // A document in base64: a quarter of its bytes is text, four characters of it a token.
  ['file_data', (value: unknown) => Math.ceil(longest(value) / CHARS_PER_TOKEN / CHARS_PER_TOKEN)],
])
/** The longest string among a medium's own members. */
function longest(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 0
  return Object.values(value).reduce(
    (most: number, inner: unknown) => Math.max(most, typeof inner === 'string' ? inner.length : 0),
    0,
  )
}

/** Counts the strings of what a provider reads: messages, input, tools, schemas. */
export function promptTokens(part: unknown, depth = 0): number {
  if (typeof part === 'string') return textTokens(part)
  if (typeof part === 'number' || typeof part === 'boolean') return 1
  if (typeof part !== 'object' || part === null || depth > DEPTH_MAX) return 0
  if (Array.isArray(part))
    return part.reduce((sum: number, item: unknown) => sum + promptTokens(item, depth + 1), 0)
  let sum = TOKENS_PER_OBJECT
  for (const [key, value] of Object.entries(part))
    sum += MEDIA.get(key)?.(value) ?? promptTokens(value, depth + 1)
  return sum
}
