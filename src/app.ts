import { Hono } from 'hono'
import type { GatewayError } from './errors.ts'
import type { AppEnv } from './http/env.ts'
import { explain } from './http/explain.ts'
import { health } from './http/health.ts'
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
export function createApp(servicesFor: (env: Env) => Services): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ strict: true })
  app.use(async (c, next) => {
    c.set('services', servicesFor(c.env))
    await next()
  })
  app.use(identify)
  app.use(door)
  app.use('/v1/*', cors)
  app.get('/health', (c) => c.json({ status: 'ok' }))
  app.route('/v1', routes)
  app.route('/v1', models)
  app.route('/v1', explain)
  app.route('/v1', realtime)
  app.route('/v1', health)
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
  ['/metrics', 'GET'],
  ['/admin/usage', 'GET'],
  ['/v1/health', 'GET'],
  ['/v1/usage', 'GET'],
  ['/v1/models', 'GET'],
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
