import { Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { AppEnv } from './env.ts'
import { authenticate } from './pipeline.ts'

/** `GET /health`: the fleet's view of every target. The bare liveness check outside `/v1` needs no key and says nothing. */
export const health = new Hono<AppEnv>()

health.get('/health', authenticate, async (c) => {
  if (!c.var.principal.may.observe) {
    throw new GatewayError('not_allowed', 'This key may not see the health of the upstreams.', {
      retry: false,
    })
  }
  return c.json({ object: 'list', data: await c.var.services.fleetHealth() })
})
