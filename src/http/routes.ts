import { zValidator } from '@hono/zod-validator'
import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Call, Scope, Served } from '../gateway/types.ts'
import { endpoints, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import { continued, remember } from '../responses/continuation.ts'
import type { AppEnv } from './env.ts'
import { errorResponse, fromZod, toGatewayError } from './errors.ts'
import { asciiJson, HEADERS, servedHeaders } from './headers.ts'
import { authenticate, readBody } from './pipeline.ts'
import { amount, choice, isStrategy, timeoutMs } from './overrides.ts'
import { strategies } from '../router/strategies/index.ts'
import { traceOf } from '../gateway/trace.ts'

/** One POST route per endpoint of the table. */
export const routes = new Hono<AppEnv>()
serve('chat', endpoints.chat)
serve('responses', endpoints.responses, {
  before: (call, { services, principal }) => continued(services.responses.store, call, principal.tenant),
  after: (call, served, { services: { responses, chance }, principal: { tenant } }) =>
    remember(responses.store, { call, served, tenant, chance }),
})

/** What an endpoint that remembers does around a call; `after` runs behind the answer. */
interface Around<E extends EndpointId> {
  before(call: Call<E>, variables: AppEnv['Variables']): Promise<Call<E>>
  after(call: Call<E>, served: Served, variables: AppEnv['Variables']): Promise<void>
}

function serve<E extends EndpointId>(id: E, endpoint: Endpoint<Wires[E]>, around?: Around<E>): void {
  routes.post(
    endpoint.path,
    authenticate,
    readBody,
    zValidator('json', endpoint.envelope, (result) => {
      if (!result.success) throw fromZod(result.error)
    }),
    async (c) => {
      const { services, raw, requestId } = c.var
      const asked: Call<E> = { endpoint: id, request: c.req.valid('json'), raw }
      const call = around === undefined ? asked : await around.before(asked, c.var)
      const served = await services.gateway(call, scopeOf(c))
      c.executionCtx.waitUntil(served.settled.then((settled) => services.settled(settled)))
      if (around !== undefined) {
        const written = around.after(call, served, c.var)
        c.executionCtx.waitUntil(
          written.catch((thrown: unknown) => services.report(requestId, toGatewayError(thrown))),
        )
      }
      return respond(c, served)
    },
  )
}

export function scopeOf(c: Context<AppEnv>): Scope {
  const { services, requestId, startedAt, principal } = c.var
  const { config } = services
  const { headers, signal, url } = c.req.raw
  const may = principal.may.override
  return {
    id: requestId,
    principal,
    startedAt,
    signal,
    timeoutMs: timeoutMs(headers),
    lifecycle: choice(headers, 'x-gateway-lifecycle', LIFECYCLES, may) ?? config.lifecycle,
    strict: (choice(headers, 'x-gateway-adaptation', ADAPTATIONS, may) ?? config.adaptation) === 'strict',
    strategy: choice(headers, 'x-gateway-strategy', STRATEGIES, may),
    maxCostUsd: amount(headers, 'x-gateway-max-cost'),
    session: headers.get('x-gateway-session')?.slice(0, 256),
    host: new URL(url).hostname,
    defer: (work) => c.executionCtx.waitUntil(work),
  }
}
const STRATEGIES = Object.keys(strategies).filter(isStrategy)
const LIFECYCLES = ['as-is', 'follow', 'refuse'] as const
const ADAPTATIONS = ['lenient', 'strict'] as const

function respond(c: Context<AppEnv>, served: Served): Response {
  const headers = servedHeaders(served, { keyMs: c.var.keyMs }, c.var.startedAt)
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
