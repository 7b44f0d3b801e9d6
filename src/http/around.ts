import type { Call, Served } from '../gateway/types.ts'
import type { Tab } from '../keys/isolate/tab.ts'
import type { EndpointId } from '../protocol/index.ts'
import { continued, remember } from '../responses/continuation.ts'
import type { AppEnv } from './env.ts'
import { withMetadata } from './key-tab.ts'

type Variables = AppEnv['Variables']

/** What an endpoint that remembers does around a call; `after` runs behind the answer. */
export interface Around<E extends EndpointId> {
  readonly before: (call: Call<E>, variables: Variables) => Promise<Call<E>>
  readonly after: (done: Answered<E>, variables: Variables) => Promise<void>
}
interface Answered<E extends EndpointId> {
  readonly call: Call<E>
  readonly served: Served
  readonly tab: Tab | undefined
}

export const AROUND: { readonly [E in EndpointId]?: Around<E> } = {
  responses: {
    before: (call, { services, principal }) => continued(services.responses.store, call, principal),
    after: ({ call, served, tab }, { services: { responses, chance }, principal, startedAt, held }) => {
      const { tenant, keyId } = principal
      const beginner = {
        keyId,
        asked: call.request.model.slice(0, 128),
        route: served.planning.route,
        reserved: tab?.reserved,
        at: startedAt,
      }
      const settled = served.settled.then((end) => withMetadata(held, end))
      return remember(responses.store, { call, served: { ...served, settled }, tenant, chance, beginner })
    },
  },
}
