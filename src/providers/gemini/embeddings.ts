import { GatewayError } from '../../errors.ts'
import { packFloats } from '../../lib/float-base64.ts'
import { embeddingsFanOut } from '../../protocol/embeddings-fan-out.ts'
import type { EmbeddingsRequest, EmbeddingsResponse, EmbeddingsWire } from '../../protocol/embeddings.ts'
import { UpstreamFailure } from '../failure.ts'
import type { CodecContext, Translation, Upstream } from '../provider.ts'
import { translation } from '../provider.ts'
import { leaveOutOthers, type Notepad, unsupportedValue } from './draft.ts'
import { modelPath } from './model.ts'
import { isList } from './read.ts'
import { countOnly } from './tolerate.ts'
import type { UsageMetadata } from './wire.ts'

interface BatchAnswer {
  readonly embeddings?: readonly { readonly values?: readonly number[] | null }[] | null
  readonly usageMetadata?: UsageMetadata | null
}

/** Google's own limit for one call. */
const MOST_PER_CALL = 100
const READ: ReadonlySet<string> = new Set(['model', 'input', 'encoding_format', 'dimensions'])
const ENCODINGS = ['float', 'base64']

/** gemini.md 6.3. */
export const embeddings: Translation<EmbeddingsWire> = translation<EmbeddingsWire, BatchAnswer>({
  encode,
  decode,
  fanOut: embeddingsFanOut(MOST_PER_CALL),
})

function encode(request: EmbeddingsRequest, context: CodecContext): Upstream {
  const draft: Notepad = { context, adapted: new Set() }
  const { encoding_format: encoding, dimensions } = request
  if (encoding !== undefined && encoding !== null && !ENCODINGS.includes(encoding))
    throw unsupportedValue('encoding_format', "'encoding_format' must be float or base64.")
  leaveOutOthers(draft, request, READ)
  const model = modelPath(context.target.model)
  // One request per text: several parts of one content would become a single vector.
  const requests = textsOf(request).map((text) => ({
    model,
    content: { parts: [{ text }] },
    ...(typeof dimensions === 'number' && { outputDimensionality: dimensions }),
  }))
  return {
    path: `/v1beta/${model}:batchEmbedContents`,
    body: JSON.stringify({ requests }),
    adapted: [...draft.adapted],
  }
}

function textsOf({ input }: EmbeddingsRequest): readonly string[] {
  if (typeof input === 'string') return [input]
  return input.map((text) => {
    if (typeof text === 'string') return text
    const message = "'input' must be text with this model: token ids are those of OpenAI's tokenizer."
    throw new GatewayError('unsupported_value', message, { param: 'input' })
  })
}

function decode(body: BatchAnswer, request: EmbeddingsRequest): EmbeddingsResponse {
  const texts = textsOf(request)
  const vectors = body.embeddings
  if (!isList(vectors) || vectors.length !== texts.length) throw garbled()
  const data = vectors.map((each, index) => ({
    object: 'embedding' as const,
    index,
    embedding: written(valuesOf(each.values), request),
  }))
  const reported = countOnly(body.usageMetadata?.promptTokenCount)
  const tokens = reported > 0 ? reported : texts.reduce((sum, text) => sum + estimatedTokens(text), 0)
  return {
    object: 'list',
    data,
    model: request.model,
    usage: { prompt_tokens: tokens, total_tokens: tokens, ...(reported === 0 && { estimated: true }) },
  }
}

function valuesOf(values: readonly number[] | null | undefined): readonly number[] {
  if (!isList(values) || values.length === 0 || !values.every((value) => typeof value === 'number'))
    throw garbled()
  return values
}

/** Shortened vectors are not of length 1 at Google, and everybody takes them to be. */
function written(values: readonly number[], request: EmbeddingsRequest): readonly number[] | string {
  const vector = typeof request.dimensions === 'number' ? normalised(values) : values
  return request.encoding_format === 'base64' ? packFloats(vector) : vector
}

function normalised(values: readonly number[]): readonly number[] {
  const length = Math.hypot(...values)
  return length === 0 ? values : values.map((value) => value / length)
}

/** About four characters make a token; for answers that report none, so that they are not free. */
const estimatedTokens = (text: string): number => Math.max(1, Math.ceil(text.length / 4))

const garbled = (): UpstreamFailure =>
  new UpstreamFailure({ kind: 'garbled', message: 'Gemini sent other vectors than were asked for.' })
