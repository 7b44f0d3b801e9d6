import compiled from '../build/gateway.json' with { type: 'json' }
import { CONFIG_NAME } from './config-object.ts'
import { type ConfigAdmin, createConfigAdmin } from './config/admin.ts'
import { type Deployment, type Environment, readDeployment } from './config/environment.ts'
import { checkRuntime, describeProblems, loadConfig } from './config/load.ts'
import type { ConfigObject, Snapshot } from './config/ports.ts'
import { createRegistry, holdsKeys, type StoredKeys, storedKeyName } from './config/registry.ts'
import { originOf } from './config/runtime-rules.ts'
import type { Config } from './config/schema.ts'
import { openKey } from './config/sealed-key.ts'
import { configView } from './config/view.ts'
import { GatewayError } from './errors.ts'
import { createGateway } from './gateway/gateway.ts'
import { hooked, hookedExplain } from './gateway/hooked.ts'
import { createNotes } from './gateway/notes.ts'
import { createExplain, type Explain } from './gateway/explain.ts'
import type { Gateway, Ports, Settled } from './gateway/types.ts'
import { type Described, describe } from './health/describe.ts'
import type { HealthObject } from './health/ports.ts'
import { type Defer, type HealthView, healthView } from './health/view.ts'
import { HEALTH_NAME } from './health-object.ts'
import type { Hook } from './hooks/hook.ts'
import { hooks as registered } from './hooks/index.ts'
import { type Authenticator, createAuthenticator } from './keys/authenticate.ts'
import { createPseudonyms } from './keys/pseudonyms.ts'
import type { Chance } from './lib/chance.ts'
import type { Timers } from './lib/clock.ts'
import { checkInlineImage } from './media/data-url.ts'
import { fetchMedia } from './media/fetch.ts'
import { checkMediaUrl } from './media/policy.ts'
import { apis } from './providers/index.ts'
import { reportError } from './report.ts'

/** Everything a request is handled with. */
export interface Services {
  readonly config: Config
  readonly chance: Chance
  readonly timers: Timers
  readonly authenticator: Authenticator
  readonly gateway: Gateway
  readonly explain: Explain
  /** What the health object says of every target. */
  readonly fleetHealth: () => Promise<readonly Described[]>
  readonly report: (requestId: string | undefined, error: GatewayError) => void
  readonly settled: (settled: Settled) => void
  /** The version of the runtime configuration that this is made from, and what is wrong with it; absent without one. */
  readonly configMark?: string | undefined
  /** Absent without a runtime layer. */
  readonly configAdmin?: ConfigAdmin | undefined
  readonly adminSecret: string | undefined
}

const timers: Timers = {
  now: () => Date.now(),
  after(ms, work) {
    const id = setTimeout(work, ms)
    return () => clearTimeout(id)
  },
}
const chance: Chance = { now: () => Date.now(), random: () => Math.random() }

const perIsolate = new WeakMap<Env, (defer: Defer) => Services | Promise<Services>>()

/** The composition root: the only place that turns bindings and variables into ports. Once per isolate and version of the runtime configuration. */
export function servicesFor(env: Env, defer: Defer): Services | Promise<Services> {
  let current = perIsolate.get(env)
  if (current === undefined) {
    current = liveServices({
      variables: { ...env },
      file: compiled,
      timers,
      chance,
      fetch: (request) => fetch(request),
      healthObject: () => env.HEALTH.getByName(HEALTH_NAME),
      configObject: () => env.CONFIG.getByName(CONFIG_NAME),
    })
    perIsolate.set(env, current)
  }
  return current(defer)
}

/** What a deployment is made of, besides the code. */
export interface Parts {
  readonly variables: Environment
  /** `gateway.yaml`, compiled. */
  readonly file: unknown
  readonly timers: Timers
  readonly chance: Chance
  readonly fetch: (request: Request) => Promise<Response>
  readonly healthObject: () => HealthObject
  readonly configObject?: () => ConfigObject
  /** In the place of those in the table. */
  readonly hooks?: readonly Hook[]
}

/** Puts the parts together as the file and the environment say. Tests bring parts of their own. */
export function composeFrom(parts: Parts): Services {
  return assemble(parts, lastingOf(parts), loadConfig(parts.file, parts.variables))
}

/** The services of the moment: a promise only while the runtime configuration has to be waited for. */
export function liveServices(parts: Parts): (defer: Defer) => Services | Promise<Services> {
  const lasting = lastingOf(parts)
  const { configObject, variables, file, timers } = parts
  const base = assemble(parts, lasting, loadConfig(file, variables))
  const { runtimeConfig, gatewaySecret } = lasting.deployment
  if (configObject === undefined || !runtimeConfig) return () => base
  const admin = createConfigAdmin({
    object: configObject,
    variables,
    file,
    gatewaySecret,
    changed: () => view.changed(),
  })
  const view = configView<Services>({
    object: configObject,
    timers,
    without: { ...base, configAdmin: admin, configMark: 'unavailable' },
    report: (message, cause) => complain(cause instanceof Error ? `${message} ${cause.message}` : message),
    async build(snapshot) {
      const services = { ...(await compose(parts, lasting, snapshot, base)), configAdmin: admin }
      const { version, skipped } = snapshot
      const mark = [String(version), ...skipped.map((each) => `skipped=${each}`)].join('; ')
      return {
        inForce:
          snapshot.version === 0 && skipped.length === 0 ? services : { ...services, configMark: mark },
        stale: { ...services, configMark: `${mark}; stale` },
      }
    },
  })
  return (defer) => view.current(defer)
}

/** What outlives a change of configuration. */
interface Lasting {
  readonly deployment: Deployment
  readonly health: HealthView
  readonly turns: Ports['turns']
  readonly notes: Ports['notes']
  readonly pseudonyms: Ports['pseudonyms']
  readonly authenticator: (holdsProviderKeys: boolean) => Authenticator
}

function lastingOf({ variables, healthObject, chance }: Parts): Lasting {
  const deployment = readDeployment(variables)
  const authenticators = new Map<boolean, Authenticator>()
  return {
    deployment,
    health: healthView({ object: healthObject, chance, id: crypto.randomUUID() }),
    turns: new Map<string, readonly number[]>(),
    notes: createNotes(),
    pseudonyms: createPseudonyms(deployment.gatewaySecret, deployment.gatewayKeys.length),
    authenticator(holdsProviderKeys) {
      const found =
        authenticators.get(holdsProviderKeys) ?? createAuthenticator(deployment, holdsProviderKeys)
      authenticators.set(holdsProviderKeys, found)
      return found
    },
  }
}

/** With the runtime layer on top. Throws if this isolate's code cannot use it. */
async function compose(
  parts: Parts,
  lasting: Lasting,
  snapshot: Snapshot,
  base: Services,
): Promise<Services> {
  if (snapshot.version === 0 && snapshot.keys.length === 0) return base
  const checked = checkRuntime(JSON.parse(snapshot.document), parts.file, parts.variables)
  if (!checked.ok) throw new Error(describeProblems(checked.problems))
  const stored = await storedKeys(checked.config, lasting.deployment, snapshot)
  return assemble(parts, lasting, checked.config, stored)
}

/** Those keys that are for the origin that their provider has now; the others are left out, loudly. */
async function storedKeys(
  config: Config,
  { gatewaySecret }: Deployment,
  { keys }: Snapshot,
): Promise<StoredKeys> {
  const stored = new Map<string, string>()
  for (const sealed of keys) {
    const owner = { provider: sealed.provider, origin: originOf(config, sealed.provider) }
    const key = gatewaySecret === undefined ? undefined : await openKey(gatewaySecret, owner, sealed)
    if (key !== undefined) stored.set(storedKeyName(sealed.provider), key)
    else complain(`The stored key of '${sealed.provider}' is for another origin or GATEWAY_SECRET.`)
  }
  return stored
}

function complain(message: string): void {
  reportError(undefined, new GatewayError('internal', message, { cause: new Error(message) }))
}

function assemble(parts: Parts, lasting: Lasting, config: Config, stored?: StoredKeys): Services {
  const { variables, timers, chance, fetch, healthObject, hooks = registered } = parts
  const { deployment, authenticator, ...kept } = lasting
  const registry = createRegistry(config, variables, stored)
  const allowHosts = new Set(config.media.allowHosts)
  const ports: Ports = {
    ...kept,
    config,
    chance,
    timers,
    fetch,
    registry,
    apis,
    checkMedia: (reference, host) => {
      checkMediaUrl(reference, { allowHosts, ownHost: host })
      checkInlineImage(reference)
    },
    fetchMedia: (reference, host, signal) =>
      fetchMedia(
        reference,
        { fetch, timers, policy: { allowHosts, ownHost: host }, limits: config.media },
        signal,
      ),
  }
  return {
    config,
    chance,
    timers,
    authenticator: authenticator(holdsKeys(registry)),
    report: reportError,
    settled: () => undefined,
    gateway: hooked(createGateway(ports), hooks, complain),
    explain: hookedExplain(createExplain(ports), hooks),
    fleetHealth: async () => describe((await healthObject().snapshot()).snapshot),
    adminSecret: deployment.adminSecret,
  }
}
