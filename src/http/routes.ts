import { zValidator } from '@hono/zod-validator'
import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Scope, Served } from '../gateway/types.ts'
import { endpoints, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Endpoint } from '../protocol/endpoint.ts'
import type { AppEnv } from './env.ts'
import { errorResponse, fromZod } from './errors.ts'
import { servedHeaders } from './headers.ts'
import { authenticate, readBody } from './pipeline.ts'
import { choice, timeoutMs } from './overrides.ts'

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
      const { services, raw } = c.var
      const served = await services.gateway({ endpoint: id, request: c.req.valid('json'), raw }, scopeOf(c))
      c.executionCtx.waitUntil(served.settled.then((settled) => services.settled(settled)))
      return respond(c, served)
    },
  )
}

function scopeOf(c: Context<AppEnv>): Scope {
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
    host: new URL(url).hostname,
    defer: (work) => c.executionCtx.waitUntil(work),
  }
}
const LIFECYCLES = ['as-is', 'follow', 'refuse'] as const
const ADAPTATIONS = ['lenient', 'strict'] as const

function respond(c: Context<AppEnv>, served: Served): Response {
  const headers = servedHeaders(served, { keyMs: c.var.keyMs }, c.var.startedAt)
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
