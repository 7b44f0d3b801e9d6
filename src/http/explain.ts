import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Call } from '../gateway/types.ts'
import { endpointOf, type EndpointId, endpoints, isEndpointId } from '../protocol/index.ts'
import { AROUND } from './around.ts'
import { type Hold, readJsonBody, startHold } from './body.ts'
import type { AppEnv } from './env.ts'
import { fromZod } from './errors.ts'
import { type FormPlace, formPlace } from './form.ts'
import { allow } from './key-tab.ts'
import { authenticate } from './pipeline.ts'
import { scopeOf } from './scope.ts'
import { explainedSession, sessionAt, shortOf } from './explain-session.ts'
import { readUpload } from './upload-call.ts'

/** `POST /explain`: what the gateway would do with the request in the body, calling nobody. `?path=` names the endpoint. */
export const explain = new Hono<AppEnv>()

explain.post('/explain', authenticate, (c) => {
  const path = c.req.query('path') ?? endpoints.chat.path
  const session = sessionAt(path)
  return session === undefined ? explained(c, idOf(path)) : explainedSession(c, session)
})

async function explained(c: Context<AppEnv>, endpoint: EndpointId): Promise<Response> {
  const hold = startHold()
  const place = formPlace()
  try {
    const call = await callOf(c, endpoint, { hold, place })
    return c.json(await c.var.services.explain(call, scopeOf(c)))
  } finally {
    place.release()
    hold.release()
  }
}

/** The call as its own route would have it. */
async function callOf<E extends EndpointId>(
  c: Context<AppEnv>,
  endpoint: E,
  { hold, place }: { readonly hold: Hold; readonly place: FormPlace },
): Promise<Call<E>> {
  const { form } = endpointOf(endpoint)
  if (form !== undefined) place.take()
  const call =
    form === undefined ? await readJson(c, endpoint, hold) : await readUpload(c, endpoint, form.names, hold)
  allow(c, { endpoint, model: call.request.model })
  const around = AROUND[endpoint]
  return around === undefined ? call : around.before(call, c.var)
}

async function readJson<E extends EndpointId>(c: Context<AppEnv>, endpoint: E, hold: Hold): Promise<Call<E>> {
  const raw = await readJsonBody(c.req.raw, c.var.services.timers, hold)
  const parsed = endpointOf(endpoint).envelope.safeParse(JSON.parse(raw.text))
  if (!parsed.success) throw fromZod(parsed.error)
  return { endpoint, request: parsed.data, raw }
}

function idOf(path: string): EndpointId {
  const short = shortOf(path)
  const id = Object.keys(endpoints).find((each) => isEndpointId(each) && endpoints[each].path === short)
  if (id !== undefined && isEndpointId(id)) return id
  throw new GatewayError('invalid_value', `There is no endpoint '${path.slice(0, 100)}'.`, { param: 'path' })
}
