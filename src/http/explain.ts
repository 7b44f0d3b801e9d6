import { Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId, endpoints } from '../protocol/index.ts'
import type { AppEnv } from './env.ts'
import { fromZod } from './errors.ts'
import { allow } from './key-tab.ts'
import { authenticate, readBody } from './pipeline.ts'
import { scopeOf } from './scope.ts'

/** `POST /explain`: what the gateway would do with the request in the body, calling nobody. `?path=` names the endpoint. */
export const explain = new Hono<AppEnv>()

explain.post('/explain', authenticate, readBody, async (c) => {
  const endpoint = idOf(c.req.query('path') ?? endpoints.chat.path)
  const parsed = endpointOf(endpoint).envelope.safeParse(await c.req.json())
  if (!parsed.success) throw fromZod(parsed.error)
  allow(c, { endpoint, model: parsed.data.model })
  return c.json(await c.var.services.explain({ endpoint, request: parsed.data, raw: c.var.raw }, scopeOf(c)))
})

function idOf(path: string): EndpointId {
  const short = path.replace(/^\/v1/, '')
  for (const id of Object.keys(endpoints)) if (isEndpoint(id) && endpoints[id].path === short) return id
  throw new GatewayError('invalid_value', `There is no endpoint '${path.slice(0, 100)}'.`, { param: 'path' })
}
const isEndpoint = (id: string): id is EndpointId => Object.hasOwn(endpoints, id)
