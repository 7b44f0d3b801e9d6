import type { MiddlewareHandler } from 'hono'
import { GatewayError } from '../errors.ts'
import type { AppEnv } from './env.ts'

const BEARER = /^bearer ([^\s]{1,1024})$/i

/** Lets the operator through, who presents `ADMIN_SECRET`; without that secret nobody is the operator. */
export const adminOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { adminSecret } = c.get('services')
  if (adminSecret === undefined) {
    throw new GatewayError('not_allowed', 'This gateway has no operator: ADMIN_SECRET is not set.', {
      retry: false,
    })
  }
  const [, presented = ''] = BEARER.exec(c.req.header('authorization') ?? '') ?? []
  if (!(await isSame(presented, adminSecret))) {
    throw new GatewayError('invalid_api_key', "The operator's secret is needed here.", {
      headers: { 'www-authenticate': 'Bearer' },
      retry: false,
    })
  }
  await next()
}

async function isSame(left: string, right: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const [a, b] = await Promise.all([digest(left), digest(right)])
  return crypto.subtle.timingSafeEqual(a, b)
}
