import type { UrlCitation } from '../../protocol/chat.ts'
import { countOnly, listOnly, objectOnly, textOnly } from './tolerate.ts'
import type { GroundingChunk, GroundingMetadata, GroundingSupport } from './wire.ts'

/** Where each part of Google's answer stands in the content made of them. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** In streams it comes before, with or after the end, and repeats: what is there later wins. */
export function mergedGrounding(
  earlier: GroundingMetadata | undefined,
  later: GroundingMetadata,
): GroundingMetadata {
  if (earlier === undefined) return later
  const filled = Object.entries(later).filter(
    ([, value]) => value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  return { ...earlier, ...Object.fromEntries(filled) }
}

/** One citation per supported segment and source, in characters (UTF-16 units) of `content` (gemini.md 3.4). */
export function annotations(
  grounding: GroundingMetadata,
  content: string,
  spans: readonly Span[],
): readonly UrlCitation[] {
  const sources = listOnly(grounding.groundingChunks).map(source)
  const supports = listOnly(grounding.groundingSupports)
  const whole = { start: 0, end: content.length }
  if (supports.length === 0) return sources.flatMap((found) => citation(found, whole))
  return supports.flatMap((support) => {
    const span = segmentSpan(support?.segment, content, spans) ?? whole
    return listOnly(support?.groundingChunkIndices).flatMap((i) => citation(sources[i], span))
  })
}

interface Source {
  readonly url: string
  readonly title: string
}
/** Web, image, map or file: whichever kind the chunk is, if it has an address. */
function source(chunk: GroundingChunk | null | undefined): Source | undefined {
  for (const found of Object.values(chunk ?? {})) {
    const url = textOnly(found?.uri)
    if (url !== undefined) return { url, title: textOnly(found?.title) ?? '' }
  }
  return undefined
}
function citation(found: Source | undefined, { start, end }: Span): readonly UrlCitation[] {
  if (found === undefined) return []
  return [
    {
      type: 'url_citation',
      url_citation: { url: found.url, title: found.title, start_index: start, end_index: end },
    },
  ]
}

/** Google counts UTF-8 bytes within one part, and leaves out zeros; undefined where it does not say. */
function segmentSpan(
  segment: GroundingSupport['segment'],
  content: string,
  spans: readonly Span[],
): Span | undefined {
  const given = objectOnly(segment)
  const part = given && spans[countOnly(given.partIndex)]
  if (part === undefined) return undefined
  const bytes = new TextEncoder().encode(content.slice(part.start, part.end))
  const end = given?.endIndex === undefined ? bytes.length : countOnly(given.endIndex)
  return {
    start: part.start + characters(bytes, countOnly(given?.startIndex)),
    end: part.start + characters(bytes, end),
  }
}
function characters(bytes: Uint8Array, length: number): number {
  return new TextDecoder().decode(bytes.subarray(0, length)).length
}
