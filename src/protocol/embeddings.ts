import * as z from 'zod'
import { GatewayError } from '../errors.ts'
import type { Endpoint } from './endpoint.ts'
import { modelId, refuseRoutingFields } from './envelope.ts'
import { plain } from './plain.ts'
import { answerUsage, servedBy } from './chat-usage.ts'
import type { Usage } from './usage.ts'

/** Texts, or texts as token ids. */
export type EmbeddingInput = string | readonly (string | number | readonly number[])[]

/** openai.md 5.1. */
export interface EmbeddingsRequest {
  readonly model: string
  readonly input: EmbeddingInput
  readonly stream?: undefined
  readonly encoding_format?: string | null | undefined
  readonly dimensions?: number | null | undefined
  readonly [field: string]: unknown
}
export interface Embedding {
  readonly object: 'embedding'
  readonly index: number
  /** Little-endian float32 in base64 where the caller asked for that, as the official SDKs do by default. */
  readonly embedding: readonly number[] | string
}
export interface EmbeddingsResponse {
  readonly object: 'list'
  readonly data: readonly Embedding[]
  readonly model: string
  readonly usage?:
    | {
        readonly prompt_tokens: number
        readonly total_tokens: number
        /** Ours: the provider did not say, and they were counted here. */
        readonly estimated?: true
      }
    | undefined
}
export interface EmbeddingsWire {
  readonly request: EmbeddingsRequest
  readonly response: EmbeddingsResponse
  readonly event: never
}

/** Texts of one request; token ids of a single text are not counted by it. */
const MOST_INPUTS = 2_048

const envelope = z.looseObject({
  model: modelId,
  input: z.union(
    [z.string(), z.array(z.custom<string | number | readonly number[]>())],
    'it must be a text or a list',
  ),
  stream: z.undefined().optional(),
  encoding_format: z.string().nullish(),
  dimensions: z.number().int().min(1).nullish(),
})

export const embeddings: Endpoint<EmbeddingsWire> = {
  ...plain,
  path: '/embeddings',
  capability: 'embeddings',
  envelope,
  check,
  answers: (body): body is EmbeddingsResponse =>
    'data' in body && Array.isArray(body.data) && body.data.length > 0,
  usage: usageOf,
  served: servedBy,
}

function usageOf({ usage }: EmbeddingsResponse): Usage | undefined {
  const used = usage && answerUsage({ ...usage, completion_tokens: 0 }, {})
  return used && usage.estimated === true ? { ...used, estimated: true } : used
}

function check(request: EmbeddingsRequest): void {
  refuseRoutingFields(request)
  const { input } = request
  if (input.length === 0 || (typeof input !== 'string' && input.includes(''))) {
    throw new GatewayError('invalid_value', "Invalid 'input': it must not be empty.", { param: 'input' })
  }
  if (typeof input !== 'string' && typeof input[0] !== 'number' && input.length > MOST_INPUTS) {
    const message = `Invalid 'input': at most ${MOST_INPUTS} items are allowed.`
    throw new GatewayError('too_many_items', message, { param: 'input' })
  }
}
