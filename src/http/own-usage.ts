import { Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { AppEnv } from './env.ts'
import { authenticate } from './pipeline.ts'

/** `GET /usage/key`: what the caller's own virtual key may use, and has used. */
export const ownUsage = new Hono<AppEnv>()

ownUsage.get('/usage/key', authenticate, async (c) => {
  const { held, services } = c.var
  if (held === undefined || services.keys === undefined)
    throw new GatewayError('key_not_found', 'Only virtual keys have limits and budgets of their own.', {
      retry: false,
    })
  const { id, name, expiresAt } = held.key
  return c.json({ id, name, expiresAt: expiresAt ?? null, ...(await services.keys.admin.usage(id)) })
})
