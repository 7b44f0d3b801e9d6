import { believable, type Usage } from './usage.ts'

type Details = Readonly<Record<string, number | undefined>> | null | undefined
export interface ImageUsage {
  readonly input_tokens: number
  readonly output_tokens: number
  readonly total_tokens: number
  readonly input_tokens_details?: Details
  readonly output_tokens_details?: Details
}

/** Pictures, and the tokens they cost; a model that does not count tokens is billed by the picture. */
export function imageUsage(answer: {
  readonly data: readonly unknown[]
  readonly size?: string | undefined
  readonly quality?: string | undefined
  readonly usage?: ImageUsage | null | undefined
}): Usage | undefined {
  const { data, size, quality, usage } = answer
  const kind = [quality, size].filter((each) => each !== undefined).join(' ')
  const pictures = { images: data.length, ...(kind !== '' && { imageKind: kind }) }
  return (usage && tokensOf(usage, pictures)) ?? { inputTokens: 0, outputTokens: 0, ...pictures }
}

function tokensOf(usage: ImageUsage, pictures: Pick<Usage, 'images' | 'imageKind'>): Usage | undefined {
  const input = usage.input_tokens_details ?? {}
  const output = usage.output_tokens_details ?? {}
  return believable({
    inputTokens: usage.input_tokens,
    cachedTokens: input['cached_tokens'] ?? 0,
    imageInputTokens: input['image_tokens'] ?? 0,
    outputTokens: usage.output_tokens,
    imageOutputTokens: output['image_tokens'] ?? usage.output_tokens,
    reasoningTokens: output['reasoning_tokens'] ?? 0,
    ...pictures,
  })
}

/** What the parts of a fan-out used together. */
export function addImageUsage(
  a: ImageUsage | null | undefined,
  b: ImageUsage | null | undefined,
): ImageUsage | null | undefined {
  if (!a || !b) return a ?? b
  return {
    input_tokens: a.input_tokens + b.input_tokens,
    output_tokens: a.output_tokens + b.output_tokens,
    total_tokens: a.total_tokens + b.total_tokens,
    input_tokens_details: addDetails(a.input_tokens_details, b.input_tokens_details),
    output_tokens_details: addDetails(a.output_tokens_details, b.output_tokens_details),
  }
}
function addDetails(a: Details, b: Details): Details {
  if (!a || !b) return a ?? b
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}
