import type { Call, Served } from '../gateway/types.ts'
import type { EndpointId } from '../protocol/index.ts'
import { continued, remember } from '../responses/continuation.ts'
import type { AppEnv } from './env.ts'

type Variables = AppEnv['Variables']

/** What an endpoint that remembers does around a call; `after` runs behind the answer. */
export interface Around<E extends EndpointId> {
  readonly before: (call: Call<E>, variables: Variables) => Promise<Call<E>>
  readonly after: (call: Call<E>, served: Served, variables: Variables) => Promise<void>
}

export const AROUND: { readonly [E in EndpointId]?: Around<E> } = {
  responses: {
    before: (call, { services, principal }) => continued(services.responses.store, call, principal),
    after: (call, served, { services: { responses, chance }, principal: { tenant } }) =>
      remember(responses.store, { call, served, tenant, chance }),
  },
}
