import type { Context } from 'hono'
import type { Served, Settled } from '../gateway/types.ts'
import { promptTokens } from '../router/estimate.ts'
import type { About } from '../usage/record.ts'
import type { AppEnv } from './env.ts'
import { toGatewayError } from './errors.ts'

const TAG = /^[A-Za-z0-9][A-Za-z0-9._:=/-]{0,63}$/
const TAGS_MAX = 4

/** What the books say of a request besides its outcome. Keeps nothing of the request itself. */
export function aboutOf(
  c: Context<AppEnv>,
  call: { readonly endpoint: string; readonly request: { readonly model: string } },
  served?: Served,
): About {
  const principal = c.get('principal')
  // Only a stream may end without saying what it used.
  const streams =
    served !== undefined && served.kind !== 'refused' && served.contentType.startsWith('text/event-stream')
  return {
    requestId: c.get('requestId'),
    tenant: principal.tenant,
    keyId: principal.keyId,
    endpoint: call.endpoint,
    asked: call.request.model.slice(0, 128),
    route: served?.planning.route,
    tag: tagOf(c.req.header('x-gateway-tags')),
    startedAt: c.get('startedAt'),
    promptTokens: streams ? served.planning.promptTokens || promptTokens(call.request) : 0,
  }
}

/** Labels, in order and each once, as one text; what is no label is left out. */
function tagOf(header: string | undefined): string {
  if (header === undefined) return ''
  const tags = header.split(',').map((tag) => tag.trim())
  return [...new Set(tags.filter((tag) => TAG.test(tag)))].toSorted().slice(0, TAGS_MAX).join(',')
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
