import { type Context, Hono } from 'hono'
import { diff } from '../config/diff.ts'
import { GatewayError } from '../errors.ts'
import type { KeyAdmin } from '../keys/object/key-admin.ts'
import { keyChangeSchema, newKeySchema } from '../keys/object/key-input.ts'
import { NANO_USD } from '../keys/record.ts'
import type { KeyDescription } from '../keys/limits/sync.ts'
import { audited } from './audited.ts'
import type { AppEnv } from './env.ts'
import { pageSchema, keyPageSchema, keyParam, rotationSchema } from './admin-schemas.ts'
import { readBody } from './pipeline.ts'
import { json, param, query } from './validated.ts'

/** The virtual keys, for whoever passed the guard. A key is in one answer: that to its making. */
export const adminKeys = new Hono<AppEnv>()

adminKeys.post('/keys', readBody, json(newKeySchema), async (c) => {
  const input = c.req.valid('json')
  const admin = adminOf(c)
  const { key, description } = await audited(c, {
    action: 'key.create',
    detail: { key: input },
    make: () => admin.create(input),
    told: ({ description: made }) => ({ id: made.id, key: shown(made) }),
    undo: ({ description: made }) => admin.revoke(made.id), // nobody has seen it, and the log does not know its id
  })
  return c.json({ key, ...shown(description) }, 201)
})

adminKeys.get('/keys', query(keyPageSchema), async (c) => {
  const { keys, next } = await adminOf(c).list(c.req.valid('query'))
  return c.json({ object: 'list', data: keys, next: next ?? null })
})

adminKeys.get('/keys/:id', param(keyParam), async (c) =>
  c.json(shown(await adminOf(c).describe(c.req.valid('param').id))),
)

adminKeys.patch('/keys/:id', param(keyParam), readBody, json(keyChangeSchema), async (c) => {
  const { id } = c.req.valid('param')
  const change = c.req.valid('json')
  return changed(c, {
    action: 'key.update',
    id,
    detail: { change },
    make: (admin) => admin.update(id, change),
  })
})

adminKeys.post('/keys/:id/revoke', param(keyParam), async (c) => {
  const { id } = c.req.valid('param')
  return changed(c, { action: 'key.revoke', id, detail: {}, make: (admin) => admin.revoke(id) })
})

adminKeys.post('/keys/:id/rotate', param(keyParam), readBody, json(rotationSchema), async (c) => {
  const { id } = c.req.valid('param')
  const { overlapMs } = c.req.valid('json')
  const admin = adminOf(c)
  await admin.describe(id) // what does not exist is not asked for
  const { key, description } = await audited(c, {
    action: 'key.rotate',
    detail: { id, overlapMs },
    make: () => admin.rotate(id, overlapMs),
    told: ({ description: { secrets } }) => ({ id, secrets }),
  })
  return c.json({ key, ...shown(description) })
})

adminKeys.get('/keys/:id/usage', param(keyParam), async (c) => {
  const { id } = c.req.valid('param')
  return c.json({ id, ...(await adminOf(c).usage(id)) })
})

adminKeys.get('/audit', query(pageSchema), async (c) => {
  const { before, limit } = c.req.valid('query')
  const { entries, whole } = (await c.get('services').adminObject?.().audit(before, limit)) ?? NO_AUDIT
  return c.json({ object: 'list', data: entries, whole })
})
const NO_AUDIT = { entries: [], whole: true }

adminKeys.get('/health', async (c) => c.json({ object: 'list', data: await c.get('services').fleetHealth() }))

function adminOf(c: Context<AppEnv>): KeyAdmin {
  const { keys } = c.get('services')
  if (keys !== undefined) return keys.admin
  const message = 'There are no virtual keys here: they are hashed under GATEWAY_SECRET, which is not set.'
  throw new GatewayError('admin_disabled', message, { retry: false })
}

interface KeyChanging {
  readonly action: string
  readonly id: string
  readonly detail: object
  readonly make: (admin: KeyAdmin) => Promise<KeyDescription>
}

async function changed(c: Context<AppEnv>, { action, id, detail, make }: KeyChanging): Promise<Response> {
  const admin = adminOf(c)
  const before = shown(await admin.describe(id))
  const after = await audited(c, {
    action,
    detail: { id, ...detail },
    make: async () => shown(await make(admin)),
    told: (made) => ({ id, changes: diff(before, made) }),
  })
  return c.json(after)
}

/** Budgets in dollars, as they were given. */
function shown({ budgets, ...rest }: KeyDescription) {
  const usd = Object.entries(budgets).map(([period, nano = 0]) => [period, nano / NANO_USD] as const)
  return { ...rest, budgets: Object.fromEntries(usd) }
}
