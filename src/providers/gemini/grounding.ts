import type { UrlCitation } from '../../protocol/chat.ts'
import type { GroundingMetadata, GroundingSupport } from './wire.ts'

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
  const sources = (grounding.groundingChunks ?? []).map((chunk) => source(chunk))
  const supports = grounding.groundingSupports ?? []
  if (supports.length === 0)
    return sources.flatMap((found) => citation(found, { start: 0, end: content.length }))
  return supports.flatMap((support) => {
    const span = segmentSpan(support?.segment, content, spans)
    return (support?.groundingChunkIndices ?? []).flatMap((i) => citation(sources[i], span))
  })
}

interface Source {
  readonly url: string
  readonly title: string
}
/** Web, image, map or file: whichever kind the chunk is, if it has an address. */
function source(
  chunk:
    | Readonly<
        Record<
          string,
          | { readonly uri?: string | null | undefined; readonly title?: string | null | undefined }
          | null
          | undefined
        >
      >
    | null
    | undefined,
): Source | undefined {
  for (const found of Object.values(chunk ?? {})) {
    if (typeof found?.uri === 'string') return { url: found.uri, title: found.title ?? '' }
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

/** Google counts UTF-8 bytes within one part, and leaves out zeros; without a segment the whole answer is meant. */
function segmentSpan(segment: GroundingSupport['segment'], content: string, spans: readonly Span[]): Span {
  const whole = { start: 0, end: content.length }
  if (segment === null || segment === undefined) return whole
  const part = spans[segment.partIndex ?? 0]
  if (part === undefined) return whole
  const bytes = new TextEncoder().encode(content.slice(part.start, part.end))
  return {
    start: part.start + characters(bytes, segment.startIndex ?? 0),
    end: part.start + characters(bytes, segment.endIndex ?? bytes.length),
  }
}
function characters(bytes: Uint8Array, length: number): number {
  return new TextDecoder().decode(bytes.subarray(0, Math.max(0, length))).length
}
