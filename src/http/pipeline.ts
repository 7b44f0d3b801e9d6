import type { MiddlewareHandler } from 'hono'
import { GatewayError } from '../errors.ts'
import { randomText } from '../lib/chance.ts'
import type { AppEnv } from './env.ts'
import { HEADERS } from './headers.ts'
import { readJsonBody, startHold } from './body.ts'
import { ALLOWED_HEADERS } from './request-headers.ts'

const MAX_URL_CHARS = 8_192
/** Spellings of a path that another parser might read differently from ours (security.md 2, row 32). */
const ODD_PATH = /\/\/|\\|%2f|%5c|%2e|%00|;/i
/** But for the slash of a model id, which every client escapes. */
const MODEL_SLASH = /^(\/v1\/models\/[^/%]+)%2f/i

/** First in line: an id and the time for every request, and `no-store` on every answer. */
export const identify: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { chance, timers, configMark } = c.get('services')
  const requestId = `req_${randomText(chance)}`
  c.set('requestId', requestId)
  c.set('startedAt', timers.now())
  await next()
  c.res.headers.set(HEADERS.requestId, requestId)
  c.res.headers.set('cache-control', 'no-store')
  if (configMark !== undefined) c.res.headers.set(HEADERS.config, configMark)
}

/** Refuses URLs that no client of ours writes. */
export const door: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { url } = c.req.raw
  if (url.length > MAX_URL_CHARS) throw new GatewayError('uri_too_long', 'The URL is too long.')
  const path = c.req.path
  if (ODD_PATH.test(path.replace(MODEL_SLASH, '$1/'))) throw unknownUrl(c.req.method, path)
  await next()
}

/** A browser's preflight carries no key; which origins may ask is the operator's choice, by default none. */
export const cors: MiddlewareHandler<AppEnv> = async (c, next) => {
  const origin = c.req.header('origin')
  const allowed = origin !== undefined && c.get('services').config.cors.origins.includes(origin)
  if (c.req.method === 'OPTIONS') {
    return new Response(null, {
      status: 204,
      headers: allowed ? { ...allowOrigin(origin), ...PREFLIGHT } : { vary: 'origin' },
    })
  }
  await next()
  if (allowed)
    for (const [name, value] of Object.entries({ ...allowOrigin(origin), ...EXPOSED }))
      c.res.headers.set(name, value)
  return undefined
}

const allowOrigin = (origin: string): Record<string, string> => ({
  'access-control-allow-origin': origin,
  vary: 'origin',
})
const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
  'access-control-allow-headers': ALLOWED_HEADERS,
  'access-control-max-age': '86400',
}
const EXPOSED = { 'access-control-expose-headers': Object.values(HEADERS).join(', ') }

/** Who calls. Nothing that costs anything comes before this. */
export const authenticate: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { authenticator, timers } = c.get('services')
  const from = timers.now()
  const caller = await authenticator.authenticate(c.req.raw.headers, (work) => c.executionCtx.waitUntil(work))
  c.set('principal', caller.principal)
  c.set('held', caller.held)
  c.set('keyMs', timers.now() - from)
  await next()
  if (caller.held?.stale === true) c.res.headers.set(HEADERS.key, 'stale')
}

/** Reads the body once, under limits; what follows finds it parsed by nobody yet. */
export const readBody: MiddlewareHandler<AppEnv> = async (c, next) => {
  const hold = startHold()
  c.set('hold', hold)
  try {
    const raw = await readJsonBody(c.req.raw, c.get('services').timers, hold)
    c.set('raw', raw)
    Object.assign(c.req.bodyCache, { text: Promise.resolve(raw.text) }) // where Hono's validator takes it from
    await next()
  } finally {
    hold.release()
  }
}

export function unknownUrl(method: string, path: string): GatewayError {
  const shown = path.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 200)
  return new GatewayError('unknown_url', `Unknown request URL: ${method} ${shown}.`, { retry: false })
}
