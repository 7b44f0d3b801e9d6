import { Hono } from 'hono'
import openapi from '../schema/openapi.json' with { type: 'json' }
import type { GatewayError } from './errors.ts'
import type { Defer } from './health/view.ts'
import { adminCache } from './http/admin-cache.ts'
import { adminConfig } from './http/admin-config.ts'
import { adminKeys } from './http/admin-keys.ts'
import { adminOnly } from './http/admin-guard.ts'
import type { AppEnv } from './http/env.ts'
import { explain } from './http/explain.ts'
import { health } from './http/health.ts'
import { ownUsage } from './http/own-usage.ts'
import { realtime } from './http/realtime.ts'
import { errorResponse, toGatewayError } from './http/errors.ts'
import { HEADERS } from './http/headers.ts'
import { models } from './http/models.ts'
import { cors, door, identify, unknownUrl } from './http/pipeline.ts'
import { responses } from './http/responses.ts'
import { methodNotAllowed, routes } from './http/routes.ts'
import { usage } from './http/usage.ts'
import { endpoints } from './protocol/index.ts'
import type { Services } from './services.ts'

/** The whole pipeline: services, an id, the door, CORS; then a route with its own key check and body. */
export function createApp(
  servicesFor: (env: Env, defer: Defer) => Services | Promise<Services>,
): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ strict: true })
  app.use(async (c, next) => {
    const services = servicesFor(c.env, (work) => c.executionCtx.waitUntil(work))
    c.set('services', services instanceof Promise ? await services : services)
    await next()
  })
  app.use(identify)
  app.use(door)
  app.use('/v1/*', cors)
  app.use('/admin/*', adminOnly)
  app.get('/health', (c) => c.json({ status: 'ok' }))
  app.get('/openapi.json', (c) => c.json(openapi))
  app.route('/v1', routes)
  app.route('/v1', models)
  app.route('/v1', explain)
  app.route('/v1', realtime)
  app.route('/v1', health)
  app.route('/admin', adminConfig)
  app.route('/admin', adminKeys)
  app.route('/admin', adminCache)
  app.route('/v1', ownUsage)
  app.route('/', usage)
  app.route('/v1', responses)
  for (const { path } of Object.values(endpoints))
    app.all(`/v1${path}`, () => refuse(methodNotAllowed('POST')))
  for (const [path, allowed] of OTHERS) app.all(path, () => refuse(methodNotAllowed(allowed)))
  app.notFound((c) => refuse(unknownUrl(c.req.method, c.req.path)))
  app.onError((thrown, c) => {
    const error = toGatewayError(thrown)
    const services = c.get('services')
    if (error.code === 'internal') services?.report(c.get('requestId'), error)
    return withId(errorResponse(error), c.get('requestId'))
  })
  return app
}

/** Paths beside the endpoints' own, and the methods that they take. */
const OTHERS: readonly (readonly [path: string, allowed: string])[] = [
  ['/health', 'GET'],
  ['/openapi.json', 'GET'],
  ['/metrics', 'GET'],
  ['/admin/usage', 'GET'],
  ['/v1/health', 'GET'],
  ['/v1/usage', 'GET'],
  ['/v1/models', 'GET'],
  ['/v1/usage/key', 'GET'],
  ['/v1/models/:id{.+}', 'GET'],
  ['/v1/realtime', 'GET'],
  ['/v1/realtime/calls', 'POST'],
  ['/v1/responses/:id', 'GET, DELETE'],
  ['/v1/responses/:id/cancel', 'POST'],
  ['/v1/responses/:id/input_items', 'GET'],
]

function refuse(error: GatewayError): never {
  throw error
}

function withId(response: Response, requestId: string | undefined): Response {
  if (requestId !== undefined) response.headers.set(HEADERS.requestId, requestId)
  response.headers.set('cache-control', 'no-store')
  return response
}
