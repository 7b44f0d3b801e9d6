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
import type { Gateway, Ports } from './gateway/types.ts'
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
import { type Books, type BooksParts, createBooks } from './usage/books.ts'
import type { ResponseStore } from './responses/object.ts'
import { askAccount, type Question } from './responses/relay.ts'
import { createKeptResponses, type KeptResponses } from './responses/store.ts'

/** Everything a request is handled with. */
export interface Services extends Books {
  readonly config: Config
  readonly chance: Chance
  readonly timers: Timers
  readonly authenticator: Authenticator
  readonly gateway: Gateway
  readonly responses: Responses
  readonly explain: Explain
  readonly realtime: Realtime
  readonly realtimeCall: RealtimeCall
  /** What the health object says of every target. */
  readonly fleetHealth: () => Promise<readonly Described[]>
  readonly report: (requestId: string | undefined, error: GatewayError) => void
  /** What an answer costs in this deployment. */
  readonly priceOf: PriceOf
  readonly adminSecret: string | undefined
}

/** Responses that were made earlier. */
interface Responses {
  readonly store: KeptResponses
  readonly ask: (question: Question) => Promise<Response>
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
export interface Parts extends BooksParts {
  readonly variables: Environment
  /** `gateway.yaml`, compiled. */
  readonly file: unknown
  readonly timers: Timers
  readonly chance: Chance
  readonly fetch: (request: Request) => Promise<Response>
  readonly healthObject: () => HealthObject
  readonly responseShards: DurableObjectNamespace<ResponseStore>
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
    responseShards: env.RESPONSES,
  })
}

/** Puts the parts together. Tests bring parts of their own. */
export function composeFrom(parts: Parts): Services {
  const { variables, file, timers, chance, fetch, healthObject, responseShards } = parts
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
    ...createBooks(parts, config.usage, { timers, chance, priceOf: ports.priceOf, writeLog: reportUsage }),
    responses: {
      store: createKeptResponses(responseShards, {
        timers,
        retentionMs: config.responses.retentionDays * 86_400_000,
      }),
      ask: (question) =>
        askAccount({ fetch, timers, registry, apis, timeoutMs: config.timeouts.requestMs }, question),
    },
    gateway: createGateway(ports),
    explain: createExplain(ports),
    realtime: createRealtime(ports),
    realtimeCall: createRealtimeCall(ports),
    fleetHealth: async () => describe((await healthObject().snapshot()).snapshot),
  }
}
