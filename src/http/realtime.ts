import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import { modelIn, readOffer, REALTIME_PATH } from '../protocol/realtime.ts'
import type { AppEnv } from './env.ts'
import { scopeOf } from './scope.ts'

/** `GET /realtime`: a WebSocket, relayed both ways. */
export const realtime = new Hono<AppEnv>()

realtime.get(REALTIME_PATH, async (c) => {
  const { services } = c.var
  if (!/^websocket$/i.test(c.req.header('upgrade') ?? '')) throw upgradeRequired()
  const offer = readOffer(c.req.header('sec-websocket-protocol') ?? null)
  checkOrigin(c)
  c.set('principal', await services.authenticator.authenticate(withKey(c.req.raw.headers, offer.key)))
  const query = new URL(c.req.url).searchParams
  const { socket, settled } = await services.realtime(query, modelIn(query), scopeOf(c))
  c.executionCtx.waitUntil(settled.then((each) => services.settled(each)))
  return new Response(null, {
    status: 101,
    webSocket: socket,
    headers: offer.selected === undefined ? {} : { 'sec-websocket-protocol': offer.selected },
  })
})

function upgradeRequired(): GatewayError {
  const message = 'This URL only accepts a WebSocket: send an Upgrade header.'
  return new GatewayError('upgrade_required', message, { headers: { upgrade: 'websocket' }, retry: false })
}

/** A browser sends its page's origin, and no preflight asks for leave: the page must be one that may call. */
function checkOrigin(c: Context<AppEnv>): void {
  const origin = c.req.header('origin')
  if (origin === undefined || c.var.services.config.cors.origins.includes(origin)) return
  throw new GatewayError('not_allowed', 'Pages of this origin may not open a session.', { retry: false })
}

/** The key that came as a protocol, where the authenticator looks for it. */
function withKey(headers: Headers, key: string | undefined): Headers {
  if (key === undefined || headers.has('authorization')) return headers
  const merged = new Headers(headers)
  merged.set('authorization', `Bearer ${key}`)
  return merged
}
