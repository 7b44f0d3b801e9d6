import compiled from '../build/gateway.json' with { type: 'json' }
import { createPricing, type PriceOf } from './catalog/pricing.ts'
import { type Environment, readDeployment } from './config/environment.ts'
import { loadConfig } from './config/load.ts'
import { createRegistry, holdsKeys } from './config/registry.ts'
import type { Config } from './config/schema.ts'
import type { GatewayError } from './errors.ts'
import { createGateway } from './gateway/gateway.ts'
import { createRealtimeCall, type RealtimeCall } from './gateway/realtime-call.ts'
import { createRealtime, type Realtime } from './gateway/realtime.ts'
import { createNotes } from './gateway/notes.ts'
import { createExplain, type Explain } from './gateway/explain.ts'
import type { Gateway, Ports, Settled } from './gateway/types.ts'
import { type Described, describe } from './health/describe.ts'
import type { HealthObject } from './health/ports.ts'
import { healthView } from './health/view.ts'
import { HEALTH_NAME } from './health-object.ts'
import { type Authenticator, createAuthenticator } from './keys/authenticate.ts'
import { createPseudonyms } from './keys/pseudonyms.ts'
import type { Chance } from './lib/chance.ts'
import type { Timers } from './lib/clock.ts'
import { checkInlineImage } from './media/data-url.ts'
import { fetchMedia } from './media/fetch.ts'
import { checkMediaUrl } from './media/policy.ts'
import { apis } from './providers/index.ts'
import { reportError, reportUsage } from './report.ts'
import type { UsageQuery } from './usage/ask.ts'
import { createBatcher, type Defer } from './usage/batcher.ts'
import type { DataPoint } from './usage/data-point.ts'
import type { LedgerObject } from './usage/ledger-object.ts'
import { readUsage, type UsageReport } from './usage/reader.ts'
import type { About } from './usage/record.ts'
import { createRecorder } from './usage/recorder.ts'
import { ledgerName, ledgerNames } from './usage/shards.ts'

/** Everything a request is handled with. */
export interface Services {
  readonly config: Config
  readonly chance: Chance
  readonly timers: Timers
  readonly authenticator: Authenticator
  readonly gateway: Gateway
  readonly explain: Explain
  readonly realtime: Realtime
  readonly realtimeCall: RealtimeCall
  /** What the health object says of every target. */
  readonly fleetHealth: () => Promise<readonly Described[]>
  readonly report: (requestId: string | undefined, error: GatewayError) => void
  /** What an answer costs in this deployment. */
  readonly priceOf: PriceOf
  readonly adminSecret: string | undefined
  /** Tells the books that a request of a key has begun. */
  readonly begin: (keyId: string) => void
  /** Books a request that is over; what that takes goes behind the response. */
  readonly settled: (settled: Settled, about: About, defer: Defer) => void
  readonly readUsage: (query: UsageQuery) => Promise<UsageReport>
}

const timers: Timers = {
  now: () => Date.now(),
  after(ms, work) {
    const id = setTimeout(work, ms)
    return () => clearTimeout(id)
  },
}
const chance: Chance = { now: () => Date.now(), random: () => Math.random() }

const perIsolate = new WeakMap<Env, Services>()

/** The composition root: the only place that turns bindings and variables into ports. Once per isolate. */
export function servicesFor(env: Env): Services {
  let services = perIsolate.get(env)
  if (services === undefined) {
    services = compose(env)
    perIsolate.set(env, services)
  }
  return services
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
  /** Absent: nothing is booked. */
  readonly ledgerObject?: (name: string) => LedgerObject
  /** Absent where Analytics Engine is not bound. */
  readonly writePoint?: (point: DataPoint) => void
}

function compose(env: Env): Services {
  return composeFrom({
    variables: { ...env },
    file: compiled,
    timers,
    chance,
    fetch: (request) => fetch(request),
    healthObject: () => env.HEALTH.getByName(HEALTH_NAME),
    ledgerObject: (name) => env.LEDGER.getByName(name),
    // A deployment may leave the dataset out.
    ...('USAGE' in env && { writePoint: (point) => env.USAGE.writeDataPoint(point) }),
  })
}

/** Puts the parts together. Tests bring parts of their own. */
export function composeFrom(parts: Parts): Services {
  const { variables, file, timers, chance, fetch, healthObject } = parts
  const deployment = readDeployment(variables)
  const config = loadConfig(file, variables)
  const registry = createRegistry(config, variables)
  const allowHosts = new Set(config.media.allowHosts)
  const ports: Ports = {
    config,
    chance,
    timers,
    fetch,
    health: healthView({ object: healthObject, chance, id: crypto.randomUUID() }),
    priceOf: createPricing(config.prices),
    turns: new Map<string, readonly number[]>(),
    registry,
    apis,
    notes: createNotes(),
    pseudonyms: createPseudonyms(deployment.gatewaySecret, deployment.gatewayKeys.length),
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
    authenticator: createAuthenticator(deployment, holdsKeys(registry)),
    report: reportError,
    priceOf: ports.priceOf,
    adminSecret: deployment.adminSecret,
    ...createBooks(parts, config, ports.priceOf),
    gateway: createGateway(ports),
    explain: createExplain(ports),
    realtime: createRealtime(ports),
    realtimeCall: createRealtimeCall(ports),
    fleetHealth: async () => describe((await healthObject().snapshot()).snapshot),
  }
}

/** The books of this isolate, and the way to everybody's. */
function createBooks(
  { ledgerObject, writePoint, timers, chance }: Parts,
  { usage }: Config,
  priceOf: PriceOf,
): Pick<Services, 'begin' | 'settled' | 'readUsage'> {
  if (ledgerObject === undefined) {
    return { begin: () => undefined, settled: () => undefined, readUsage: (query) => readUsage([], query) }
  }
  const isolate = crypto.randomUUID()
  const recorder = createRecorder({
    isolate,
    chance,
    priceOf,
    batcher: createBatcher({ isolate, timers, object: ledgerObject }),
    ledgerOf: (keyId) => ledgerName(keyId, isolate, usage),
    writePoint,
    writeLog: reportUsage,
    logShare: usage.logShare,
  })
  return {
    begin: (keyId) => recorder.begin(keyId),
    settled: (settled, about, defer) => recorder.end(settled, about, defer),
    readUsage: (query) => readUsage(ledgerNames(usage).map(ledgerObject), query),
  }
}
