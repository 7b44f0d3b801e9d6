import { zValidator } from '@hono/zod-validator'
import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Scope, Served } from '../gateway/types.ts'
import { endpoints, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { AppEnv } from './env.ts'
import { errorResponse, fromZod } from './errors.ts'
import { asciiJson, HEADERS, servedHeaders } from './headers.ts'
import { authenticate, readBody } from './pipeline.ts'
import { amount, choice, isStrategy, timeoutMs } from './overrides.ts'
import { strategies } from '../router/strategies/index.ts'
import { traceOf } from '../gateway/trace.ts'

/** One POST route per endpoint of the table. */
export const routes = new Hono<AppEnv>()
serve('chat', endpoints.chat)

function serve<E extends EndpointId>(id: E, endpoint: Endpoint<Wires[E]>): void {
  routes.post(
    endpoint.path,
    authenticate,
    readBody,
    zValidator('json', endpoint.envelope, (result) => {
      if (!result.success) throw fromZod(result.error)
    }),
    async (c) => {
      const services = c.get('services')
      const call = { endpoint: id, request: c.req.valid('json'), raw: c.get('raw') }
      const served = await services.gateway(call, scopeOf(c))
      const settled = served.settled.then(services.settled)
      // A whole answer has settled already; to keep the request alive for it would cost more than to parse it.
      if (served.kind === 'early' || (served.kind === 'answer' && typeof served.body !== 'string'))
        c.executionCtx.waitUntil(settled)
      return respond(c, served)
    },
  )
}

export function scopeOf(c: Context<AppEnv>): Scope {
  const principal = c.get('principal')
  const { config } = c.get('services')
  const { headers, signal, url } = c.req.raw
  const may = principal.may.override
  return {
    id: c.get('requestId'),
    principal,
    startedAt: c.get('startedAt'),
    signal,
    timeoutMs: timeoutMs(headers),
    lifecycle: choice(headers, 'x-gateway-lifecycle', LIFECYCLES, may) ?? config.lifecycle,
    strict: (choice(headers, 'x-gateway-adaptation', ADAPTATIONS, may) ?? config.adaptation) === 'strict',
    strategy: choice(headers, 'x-gateway-strategy', STRATEGIES, may),
    maxCostUsd: amount(headers, 'x-gateway-max-cost'),
    session: headers.get('x-gateway-session')?.slice(0, 256),
    host: new URL(url).hostname,
    header: (name) => (CREDENTIALS.has(name.toLowerCase()) ? undefined : (headers.get(name) ?? undefined)),
    defer: (work) => c.executionCtx.waitUntil(work),
  }
}
const CREDENTIALS = new Set(['authorization', 'x-api-key', 'api-key', 'cookie'])
const STRATEGIES = Object.keys(strategies).filter(isStrategy)
const LIFECYCLES = ['as-is', 'follow', 'refuse'] as const
const ADAPTATIONS = ['lenient', 'strict'] as const

function respond(c: Context<AppEnv>, served: Served): Response {
  const headers = servedHeaders(served, { keyMs: c.get('keyMs') }, c.get('startedAt'))
  if (c.req.header('x-gateway-trace') === 'true') {
    headers[HEADERS.trace] = asciiJson(
      traceOf(served.planning, served.kind === 'early' ? [] : served.attempts),
    )
  }
  if (served.kind === 'refused') {
    const response = errorResponse(served.error)
    for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
    return response
  }
  headers['content-type'] = served.contentType
  return new Response(served.body, { headers })
}

/** Paths that exist, by method; anything else on them is 405. */
export function methodNotAllowed(allow: string): GatewayError {
  return new GatewayError('method_not_allowed', `This URL only accepts ${allow}.`, {
    headers: { allow },
    retry: false,
  })
}
