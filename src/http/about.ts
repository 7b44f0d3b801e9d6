import type { Context } from 'hono'
import type { Served, Settled } from '../gateway/types.ts'
import { promptTokens } from '../router/estimate.ts'
import type { About } from '../usage/record.ts'
import type { AppEnv } from './env.ts'
import { toGatewayError } from './errors.ts'

/** What the books say of a request besides its outcome. Keeps nothing of the request itself. */
export function aboutOf(
  c: Context<AppEnv>,
  call: { readonly endpoint: string; readonly request: { readonly model: string } },
  served?: Pick<Served, 'planning'> & { readonly contentType?: string },
): About {
  const principal = c.get('principal')
  // Only a stream may end without saying what it used.
  const streams = served?.contentType?.startsWith('text/event-stream') === true
  return {
    requestId: c.get('requestId'),
    tenant: principal.tenant,
    keyId: principal.keyId,
    endpoint: call.endpoint,
    asked: call.request.model.slice(0, 128),
    route: served?.planning.route,
    startedAt: c.get('startedAt'),
    promptTokens: streams ? served.planning.promptTokens || promptTokens(call.request) : 0,
  }
}

/** A request that was refused before anybody was asked. */
export function refusedBy(thrown: unknown): Settled {
  return {
    facts: undefined,
    attempts: [],
    finish: 'refused',
    usage: undefined,
    error: toGatewayError(thrown),
  }
}
