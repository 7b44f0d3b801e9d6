import { Hono } from 'hono'
import type * as z from 'zod'
import type { ResponseCache } from '../cache/ports.ts'
import type { Purge } from '../config/ports.ts'
import { GatewayError } from '../errors.ts'
import { authorOf, configAdminOf, written } from './admin-config.ts'
import { cacheParam, purgeSchema } from './admin-schemas.ts'
import { audited } from './audited.ts'
import type { AppEnv } from './env.ts'
import { readBody } from './pipeline.ts'
import { json, param } from './validated.ts'

/** What is forgotten of the response cache, for whoever passed the guard. */
export const adminCache = new Hono<AppEnv>()

adminCache.delete('/cache/:key', param(cacheParam), async (c) => {
  const { key } = c.req.valid('param')
  const { cache } = c.get('services')
  if (cache === undefined)
    throw new GatewayError('admin_disabled', 'There is no cache here: it needs GATEWAY_SECRET.', {
      retry: false,
    })
  await audited(c, {
    action: 'cache.delete',
    detail: { key },
    make: () => forget(cache, key),
    told: () => ({ key }),
  })
  return c.json({ key, deleted: true })
})

async function forget(cache: ResponseCache, key: string): Promise<void> {
  try {
    await cache.remove(key)
  } catch (cause) {
    const message = 'The entry may still be kept: KV could not be told. Try again.'
    throw new GatewayError('upstream_unavailable', message, { cause })
  }
}

adminCache.post('/cache/purge', readBody, json(purgeSchema), async (c) => {
  const asked = c.req.valid('json')
  return written(c, await configAdminOf(c).purge(purgeOf(asked), authorOf(c, asked.message)))
})

function purgeOf(asked: z.infer<typeof purgeSchema>): Purge {
  if ('tenant' in asked) return { scope: 'tenant', name: asked.tenant }
  return 'route' in asked ? { scope: 'route', name: asked.route } : { scope: 'everything', name: '' }
}
