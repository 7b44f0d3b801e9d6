import compiled from '../build/gateway.json' with { type: 'json' }
import { ADMIN_NAME } from './admin/log-object.ts'
import { createConfigAdmin } from './config/admin.ts'
import { CONFIG_NAME } from './config-object.ts'
import { inForce } from './config/in-force.ts'
import { loadConfig } from './config/load.ts'
import type { Snapshot } from './config/ports.ts'
import type { Config } from './config/schema.ts'
import { configView } from './config/view.ts'
import type { Defer } from './health/view.ts'
import { HEALTH_NAME } from './health-object.ts'
import type { Chance } from './lib/chance.ts'
import type { Timers } from './lib/clock.ts'
import type { DataPoint } from './usage/data-point.ts'
import { complain } from './report.ts'
import { assemble, type Lasting, lastingOf, type Parts, type Services } from './services.ts'

/** A promise only while the runtime configuration has to be waited for. */
type Current = (defer: Defer) => Services | Promise<Services>

const timers: Timers = {
  now: () => Date.now(),
  after(ms, work) {
    const id = setTimeout(work, ms)
    return () => clearTimeout(id)
  },
}
const chance: Chance = { now: () => Date.now(), random: () => Math.random() }

const perIsolate = new WeakMap<Env, Current>()

/**
 * The composition root: the only place that turns bindings and variables into ports. Once per isolate and version
 * of the runtime configuration.
 */
export function servicesFor(env: Env, defer: Defer): Services | Promise<Services> {
  let current = perIsolate.get(env)
  if (current === undefined) {
    current = liveServices(partsOf(env))
    perIsolate.set(env, current)
  }
  return current(defer)
}

const partsOf = (env: Env): Parts => ({
  variables: { ...env },
  file: compiled,
  timers,
  chance,
  fetch: (request) => fetch(request),
  healthObject: () => env.HEALTH.getByName(HEALTH_NAME),
  kv: env.CACHE,
  responseShards: env.RESPONSES,
  ledgerObject: (name) => env.LEDGER.getByName(name),
  // A deployment may leave the dataset out.
  ...('USAGE' in env && { writePoint: (point: DataPoint) => env.USAGE.writeDataPoint(point) }),
  configObject: () => env.CONFIG.getByName(CONFIG_NAME),
  adminObject: () => env.ADMIN.getByName(ADMIN_NAME),
  keyBindings: { KEYS: env.KEYS, KEY_INDEX: env.KEY_INDEX },
})

/** The services of the moment, whatever the parts. */
export function liveServices(parts: Parts): Current {
  const lasting = lastingOf(parts)
  const { configObject, variables, file } = parts
  const config = loadConfig(file, variables)
  const { runtimeConfig, gatewaySecret } = lasting.deployment
  if (configObject === undefined || !runtimeConfig) {
    const services = assemble(parts, lasting, config)
    return () => services
  }
  const configAdmin = createConfigAdmin({
    object: configObject,
    variables,
    file,
    gatewaySecret,
    changed: () => view.changed(),
  })
  const view = configView<Services>({
    object: configObject,
    timers: parts.timers,
    without: {
      ...assemble(parts, lasting, config, { purges: undefined }),
      configAdmin,
      configMark: 'unavailable',
    },
    report: (message, cause) => complain(cause instanceof Error ? `${message} ${cause.message}` : message),
    async build(snapshot) {
      const services = { ...(await compose(parts, lasting, snapshot, config)), configAdmin }
      const { version, skipped } = snapshot
      const mark = [String(version), ...skipped.map((each) => `skipped=${each}`)].join('; ')
      return {
        inForce: version === 0 && skipped.length === 0 ? services : { ...services, configMark: mark },
        stale: { ...services, configMark: `${mark}; stale` },
      }
    },
  })
  return (defer) => view.current(defer)
}

/** With the runtime layer on top. Throws if this isolate's code cannot use it. */
async function compose(
  parts: Parts,
  lasting: Lasting,
  snapshot: Snapshot,
  deployed: Config,
): Promise<Services> {
  const { version, keys, purges } = snapshot
  if (version === 0 && keys.length === 0) return assemble(parts, lasting, deployed, { purges })
  const { config, stored } = await inForce({ ...parts, complain }, snapshot)
  return assemble(parts, lasting, config, { stored, purges })
}
