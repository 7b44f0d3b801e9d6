import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { UsageQuery } from '../usage/ask.ts'
import { type Format, readQuery } from '../usage/ask-input.ts'
import { exported, ledgerHeader } from '../usage/export.ts'
import { METRICS_TYPE, metricsText } from '../usage/metrics.ts'
import type { UsageReport } from '../usage/reader.ts'
import type { Services } from '../services.ts'
import { adminOnly } from './admin-guard.ts'
import type { AppEnv } from './env.ts'
import { authenticate } from './pipeline.ts'

/** Who used what: `GET /v1/usage` for the caller's own key, `GET /admin/usage` and `GET /metrics` for the operator, whom the
 * app asks for at everything under `/admin`. */
export const usage = new Hono<AppEnv>()

usage.get('/v1/usage', authenticate, async (c) => {
  const { services, principal } = c.var
  const { query, format } = readQuery(new URL(c.req.url).searchParams, services.timers.now())
  const { key, tenant } = query.filters
  if ((key ?? principal.keyId) !== principal.keyId || (tenant ?? principal.tenant) !== principal.tenant)
    throw new GatewayError('not_allowed', 'This key sees its own usage only.', { retry: false })
  const own = { ...query, filters: { ...query.filters, key: principal.keyId, tenant: principal.tenant } }
  return written(c, await read(services, own), own, format)
})

usage.get('/admin/usage', async (c) => {
  const { services } = c.var
  const { query, format } = readQuery(new URL(c.req.url).searchParams, services.timers.now())
  return written(c, await read(services, query), query, format)
})

usage.get('/metrics', adminOnly, async (c) => {
  const { services } = c.var
  const [report, health] = await Promise.all([
    read(services, EVER),
    services.fleetHealth().catch(() => undefined),
  ])
  return c.body(metricsText(report, health), 200, { 'content-type': METRICS_TYPE })
})

/** Totals since the beginning; keys and tags are too many to be labels. */
const EVER: UsageQuery = {
  period: 'total',
  from: 0,
  to: 1,
  groupBy: ['provider', 'model', 'route', 'endpoint'],
  filters: {},
}

function written(c: Context<AppEnv>, report: UsageReport, query: UsageQuery, format: Format): Response {
  const { contentType, body } = exported(report, query, format)
  return c.body(body, 200, { 'content-type': contentType, ...ledgerHeader(report) })
}

async function read(services: Services, query: UsageQuery): Promise<UsageReport> {
  try {
    return await services.readUsage(query)
  } catch (cause) {
    throw new GatewayError('upstream_unavailable', 'The usage ledger does not answer at the moment.', {
      retryAfterMs: 5_000,
      cause,
    })
  }
}
