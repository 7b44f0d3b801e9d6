import type { Embedding, EmbeddingsRequest, EmbeddingsResponse, EmbeddingsWire } from './embeddings.ts'
import type { FanOut } from './endpoint.ts'

/** Serves a long list by several calls of at most `most` texts, and joins the vectors in the list's order. */
export function embeddingsFanOut(most: number): FanOut<EmbeddingsWire> {
  return { split: (request) => split(request, most), join }
}

function split(request: EmbeddingsRequest, most: number): readonly EmbeddingsRequest[] {
  const { input } = request
  if (typeof input === 'string' || input.length <= most) return [request]
  return Array.from({ length: Math.ceil(input.length / most) }, (_, i) => ({
    ...request,
    input: input.slice(i * most, (i + 1) * most),
  }))
}

function join(responses: readonly EmbeddingsResponse[]): EmbeddingsResponse {
  const [first] = responses
  if (first === undefined) throw new RangeError('A fan-out joins at least one response.')
  const data: Embedding[] = []
  for (const response of responses)
    for (const each of response.data) data.push({ ...each, index: data.length })
  const tokens = responses.reduce((sum, { usage }) => sum + (usage?.prompt_tokens ?? 0), 0)
  const estimated = responses.some(({ usage }) => usage?.estimated === true)
  return {
    ...first,
    data,
    usage: { prompt_tokens: tokens, total_tokens: tokens, ...(estimated && { estimated }) },
  }
}
