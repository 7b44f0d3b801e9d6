import type { MiddlewareHandler } from 'hono'
import { GatewayError } from '../errors.ts'
import type { AppEnv } from './env.ts'

const MAX_ACTOR_CHARS = 64
const TOO_MANY = {
  blocked: 'Too many logins have failed.',
  busy: 'Too many calls of the admin API in a minute.',
}

/**
 * Only who presents `ADMIN_SECRET` comes past here, and nobody who has just failed too often. Who they say they are is
 * for the audit alone.
 */
export const adminOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { adminSecret, adminObject } = c.get('services')
  if (adminSecret === undefined) {
    const message = 'The admin API is off: ADMIN_SECRET is not set, or has fewer than 32 bytes.'
    throw new GatewayError('admin_disabled', message, { retry: false })
  }
  const { headers } = c.req.raw
  const right = await isSecret(adminSecret, headers)
  const login = await adminObject?.()
    .login(headers.get('cf-connecting-ip') ?? '', right)
    .catch(uncounted)
  if (login?.kind === 'blocked' || login?.kind === 'busy')
    throw new GatewayError('rate_limit_exceeded', TOO_MANY[login.kind], { retryAfterMs: login.waitMs })
  if (!right)
    throw new GatewayError('invalid_api_key', 'Incorrect admin key provided.', {
      headers: { 'www-authenticate': 'Bearer' },
      retry: false,
    })
  c.set('actor', actorOf(headers))
  await next()
}

/** Whoever guesses must be counted. */
function uncounted(cause: unknown): never {
  const message = 'The admin API cannot count logins at the moment, so it lets nobody in.'
  throw new GatewayError('upstream_unavailable', message, { cause })
}

/** In constant time, whatever was presented. */
async function isSecret(secret: string, headers: Headers): Promise<boolean> {
  const [, presented = ''] = /^bearer ([^\s]{1,1024})$/i.exec(headers.get('authorization') ?? '') ?? []
  const [expected, given] = await Promise.all([digest(secret), digest(presented)])
  return crypto.subtle.timingSafeEqual(expected, given)
}

function actorOf(headers: Headers): string {
  const name = headers
    .get('x-gateway-actor')
    ?.replaceAll(/[^\x20-\x7e]/g, '')
    .slice(0, MAX_ACTOR_CHARS)
  return name === undefined ? 'admin' : `admin (${name})`
}

const digest = (text: string): Promise<ArrayBuffer> =>
  crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
