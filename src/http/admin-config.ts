import { type Context, Hono } from 'hono'
import type { ConfigAdmin } from '../config/admin.ts'
import { diff } from '../config/diff.ts'
import type { Author, Version, Written } from '../config/ports.ts'
import type { Problem } from '../config/validate.ts'
import { GatewayError } from '../errors.ts'
import type { AppEnv } from './env.ts'
import { paramOf } from './errors.ts'
import {
  diffSchema,
  providerKeySchema,
  providerParam,
  putConfigSchema,
  rollbackSchema,
  pageSchema,
  versionParam,
} from './admin-schemas.ts'
import { readBody } from './pipeline.ts'
import { json, param, query } from './validated.ts'

/** The runtime configuration, for whoever passed the guard. */
export const adminConfig = new Hono<AppEnv>()

adminConfig.get('/config', async (c) => {
  const { version, document, skipped, views, purges, checked } = await configAdminOf(c).current()
  return c.json({
    version,
    config: JSON.parse(document),
    effective: checked.ok ? checked.config : null,
    skipped,
    keys: views,
    purges,
  })
})

adminConfig.put('/config', readBody, json(putConfigSchema), async (c) => {
  const { config, message } = c.req.valid('json')
  return written(c, await configAdminOf(c).put(JSON.stringify(config), authorOf(c, message)))
})

adminConfig.get('/config/versions', query(pageSchema), async (c) => {
  const { before, limit } = c.req.valid('query')
  return c.json({ object: 'list', data: await configAdminOf(c).versions(before, limit) })
})

adminConfig.get('/config/versions/:version', param(versionParam), async (c) => {
  const { document, ...about } = await versionOf(c, c.req.valid('param').version)
  return c.json({ ...about, config: JSON.parse(document) })
})

adminConfig.get('/config/diff', query(diffSchema), async (c) => {
  const { from, to } = c.req.valid('query')
  const [before, after] = await Promise.all([versionOf(c, from), versionOf(c, to)])
  return c.json({ from, to, changes: diff(JSON.parse(before.document), JSON.parse(after.document)) })
})

adminConfig.post('/config/rollback', readBody, json(rollbackSchema), async (c) => {
  const { version, message } = c.req.valid('json')
  return written(c, await configAdminOf(c).rollback(version, authorOf(c, message)))
})

adminConfig.get('/config/audit', query(pageSchema), async (c) => {
  const { before, limit } = c.req.valid('query')
  const { entries, whole } = await configAdminOf(c).audit(before, limit)
  return c.json({ object: 'list', data: entries, whole })
})

adminConfig.put(
  '/providers/:name/key',
  param(providerParam),
  readBody,
  json(providerKeySchema),
  async (c) => {
    const { name } = c.req.valid('param')
    const put = await configAdminOf(c).putKey(name, c.req.valid('json').key, authorOf(c, ''))
    if (put.kind === 'kept') return c.json(put.key)
    if (put.kind === 'unknown') throw notFound(`There is no provider '${name}'.`)
    throw new GatewayError('conflict', 'Keys are stored under GATEWAY_SECRET, which is not set.', {
      retry: false,
    })
  },
)

adminConfig.delete('/providers/:name/key', param(providerParam), async (c) => {
  const { name } = c.req.valid('param')
  if (!(await configAdminOf(c).removeKey(name, authorOf(c, ''))))
    throw notFound(`No key is stored for '${name}'.`)
  return c.json({ provider: name, removed: true })
})

export function configAdminOf(c: Context<AppEnv>): ConfigAdmin {
  const admin = c.get('services').configAdmin
  if (admin === undefined) throw new GatewayError('admin_disabled', 'There is no runtime configuration here.')
  return admin
}

/** `if-match` with the version in force refuses to overwrite what somebody else has just put. */
export function authorOf(c: Context<AppEnv>, message: string): Author {
  const match = c.req.header('if-match')
  if (match === undefined) return { who: c.get('actor'), message }
  const [, expected] = /^"?(\d{1,15})"?$/.exec(match) ?? []
  if (expected === undefined)
    throw new GatewayError('invalid_header', "'if-match' must be the number of a version.", {
      param: 'if-match',
    })
  return { who: c.get('actor'), message, expected: Number(expected) }
}

async function versionOf(c: Context<AppEnv>, number: number): Promise<Version> {
  if (number === 0) return { version: 0, at: 0, who: '', message: '', document: '{}', usable: true }
  const found = await configAdminOf(c).version(number)
  if (found === undefined) throw notFound(`There is no version ${number}.`)
  return found
}

export function written(c: Context<AppEnv>, result: Written): Response {
  switch (result.kind) {
    case 'written':
      return c.json({ version: result.version })
    case 'unknown':
      throw notFound('There is no such version, or it cannot be read any more.')
    case 'conflict':
      throw new GatewayError('conflict', `Version ${result.version} is in force by now.`, { retry: false })
    case 'refused':
      throw refused(result.problems)
  }
}

/** The first problem names the parameter; the message lists them all. */
function refused(problems: readonly Problem[]): GatewayError {
  const lines = problems.map(({ path, message }) => `${paramOf(path) || 'config'}: ${message}`)
  const param = paramOf(problems[0]?.path ?? [])
  return new GatewayError(
    'invalid_value',
    `The configuration was refused. ${lines.join('; ')}`.slice(0, 2_000),
    {
      param: param === '' ? 'config' : param,
      retry: false,
    },
  )
}

const notFound = (text: string): GatewayError => new GatewayError('not_found', text, { retry: false })
