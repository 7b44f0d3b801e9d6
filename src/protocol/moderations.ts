import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import { modelId, refuseRoutingFields } from './envelope.ts'
import { plain } from './plain.ts'
import { servedBy } from './chat-usage.ts'

/** openai.md 5.3; the input is the provider's to judge. */
export interface ModerationsRequest {
  readonly model: string
  readonly stream?: undefined
  readonly [field: string]: unknown
}
export interface ModerationsResponse {
  readonly id: string
  readonly model: string
  readonly results: readonly unknown[]
}
export interface ModerationsWire {
  readonly request: ModerationsRequest
  readonly response: ModerationsResponse
  readonly event: never
}

export const moderations: Endpoint<ModerationsWire> = {
  ...plain,
  path: '/moderations',
  capability: 'moderations',
  envelope: z.looseObject({
    model: modelId.default('omni-moderation-latest'),
    input: z.unknown().refine((input) => input !== undefined && input !== null, 'it is required'),
    stream: z.undefined().optional(),
  }),
  check: refuseRoutingFields,
  answers: (body): body is ModerationsResponse =>
    'results' in body && Array.isArray(body.results) && body.results.length > 0,
  // Free of charge.
  usage: () => ({ inputTokens: 0, outputTokens: 0 }),
  served: servedBy,
}
