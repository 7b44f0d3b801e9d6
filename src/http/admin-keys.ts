import { type Context, Hono } from 'hono'
import { diff } from '../config/diff.ts'
import { GatewayError } from '../errors.ts'
import type { KeyAdmin } from '../keys/key-admin.ts'
import { keyChangeSchema, newKeySchema } from '../keys/key-input.ts'
import { NANO_USD } from '../keys/record.ts'
import type { KeyDescription } from '../keys/sync.ts'
import type { AppEnv } from './env.ts'
import { pageSchema, keyPageSchema, keyParam, rotationSchema } from './admin-schemas.ts'
import { readBody } from './pipeline.ts'
import { json, param, query } from './validated.ts'

/** The virtual keys, for whoever passed the guard. A key is in one answer: that to its making. */
export const adminKeys = new Hono<AppEnv>()

adminKeys.post('/keys', readBody, json(newKeySchema), async (c) => {
  const { key, description } = await adminOf(c).create(c.req.valid('json'))
  try {
    await record(c, 'key.create', { id: description.id, key: shown(description) })
  } catch (thrown) {
    await adminOf(c).revoke(description.id) // nobody has seen it, and no log knows of it
    throw thrown
  }
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
  return changed(c, 'key.update', id, (admin) => admin.update(id, c.req.valid('json')))
})

adminKeys.post('/keys/:id/revoke', param(keyParam), async (c) => {
  const { id } = c.req.valid('param')
  return changed(c, 'key.revoke', id, (admin) => admin.revoke(id))
})

adminKeys.post('/keys/:id/rotate', param(keyParam), readBody, json(rotationSchema), async (c) => {
  const { id } = c.req.valid('param')
  const { overlapMs } = c.req.valid('json')
  const { key, description } = await adminOf(c).rotate(id, overlapMs)
  await record(c, 'key.rotate', { id, secrets: description.secrets })
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

async function changed(
  c: Context<AppEnv>,
  action: string,
  id: string,
  change: (admin: KeyAdmin) => Promise<KeyDescription>,
): Promise<Response> {
  const admin = adminOf(c)
  const before = shown(await admin.describe(id))
  const after = shown(await change(admin))
  await record(c, action, { id, changes: diff(before, after) })
  return c.json(after)
}

/** Where from is part of it: one secret may be in several hands. */
export async function record(c: Context<AppEnv>, action: string, detail: object): Promise<void> {
  const address = c.req.header('cf-connecting-ip')
  await c
    .get('services')
    .adminObject?.()
    .record({
      who: c.get('actor'),
      action,
      detail: JSON.stringify({ ...detail, ...(address !== undefined && { address }) }),
    })
}

/** Budgets in dollars, as they were given. */
function shown({ budgets, ...rest }: KeyDescription) {
  const usd = Object.entries(budgets).map(([period, nano = 0]) => [period, nano / NANO_USD] as const)
  return { ...rest, budgets: Object.fromEntries(usd) }
}
