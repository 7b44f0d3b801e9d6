import type { MiddlewareHandler } from 'hono'
import { GatewayError } from '../errors.ts'
import type { AppEnv } from './env.ts'

const MAX_ACTOR_CHARS = 64

/** Only who presents `ADMIN_SECRET` comes past here. Who they say they are is for the audit alone. */
export const adminOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { adminSecret } = c.get('services')
  if (adminSecret === undefined) {
    const message = 'The admin API is off: ADMIN_SECRET is not set, or has fewer than 32 bytes.'
    throw new GatewayError('admin_disabled', message, { retry: false })
  }
  const [, presented = ''] = /^bearer ([^\s]{1,1024})$/i.exec(c.req.header('authorization') ?? '') ?? []
  const [expected, given] = await Promise.all([adminSecret, presented].map(digest))
  if (expected === undefined || given === undefined || !crypto.subtle.timingSafeEqual(expected, given)) {
    throw new GatewayError('invalid_api_key', 'Incorrect admin key provided.', {
      headers: { 'www-authenticate': 'Bearer' },
      retry: false,
    })
  }
  const name = c.req
    .header('x-gateway-actor')
    ?.replaceAll(/[^\x20-\x7e]/g, '')
    .slice(0, MAX_ACTOR_CHARS)
  c.set('actor', name === undefined ? 'admin' : `admin (${name})`)
  await next()
}

const digest = (text: string): Promise<ArrayBuffer> =>
  crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
