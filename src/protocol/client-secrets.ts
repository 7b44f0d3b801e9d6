import * as z from 'zod'
import type { Endpoint } from './endpoint.ts'
import { modelId, refuseRoutingFields } from './envelope.ts'
import { plain } from './plain.ts'

/** A short-lived key for one browser (openai.md 6.7). It is the provider's, and works at the provider alone. */
export interface ClientSecretRequest {
  /** Read out of the session. */
  readonly model: string
  readonly session?: Readonly<Record<string, unknown>> | undefined
  readonly stream?: undefined
  readonly [field: string]: unknown
}
export interface ClientSecret {
  readonly value: string
  readonly expires_at: number
}
export interface ClientSecretWire {
  readonly request: ClientSecretRequest
  readonly response: ClientSecret
  readonly event: never
}

/** For a secret that any session may be begun with. */
const DEFAULT_MODEL = 'gpt-realtime-2.1'

export const clientSecrets: Endpoint<ClientSecretWire> = {
  ...plain,
  path: '/realtime/client_secrets',
  capability: 'realtime',
  envelope: z
    .looseObject({
      session: z.looseObject({ model: modelId.optional() }).optional(),
      stream: z.undefined().optional(),
    })
    .transform((body) => ({ ...body, model: body.session?.model ?? DEFAULT_MODEL })),
  check: refuseRoutingFields,
  answers: (body): body is ClientSecret => 'value' in body && typeof body.value === 'string',
  // What it is used for is billed to the account without passing here.
  usage: () => undefined,
  served: () => ({}),
}
