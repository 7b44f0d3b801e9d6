import type { AdminObject } from './admin/ports.ts'
import { type CacheLimits, createCache, generations } from './cache/cache.ts'
import type { KeyValueStore, ResponseCache } from './cache/ports.ts'
import type { ConfigAdmin } from './config/admin.ts'
import { type Deployment, type Environment, readDeployment } from './config/environment.ts'
import { createPricing, type PriceOf } from './catalog/pricing.ts'
import { loadConfig } from './config/load.ts'
import { type ConfigObject, NO_PURGES, type Purges } from './config/ports.ts'
import { createRegistry, holdsKeys, type Registry, type StoredKeys } from './config/registry.ts'
import type { Config } from './config/schema.ts'
import type { GatewayError } from './errors.ts'
import { createGateway } from './gateway/gateway.ts'
import { hooked, hookedExplain, hookedSessions } from './gateway/hooked.ts'
import { createRealtimeCall, type RealtimeCall, requestIn } from './gateway/realtime/realtime-call.ts'
import { createRealtime, type Realtime } from './gateway/realtime/realtime.ts'
import { createNotes } from './gateway/attempt/notes.ts'
import { createExplain, type Explain } from './gateway/explain/explain.ts'
import { createExplainSession, type ExplainSession } from './gateway/explain/explain-session.ts'
import type { Gateway, Ports } from './gateway/types.ts'
import { configuredTargets } from './gateway/watch/watch.ts'
import { type Described, describe } from './health/describe.ts'
import type { HealthObject } from './health/ports.ts'
import { type HealthView, healthView } from './health/view.ts'
import type { Hook } from './hooks/hook.ts'
import { hooks as registered } from './hooks/index.ts'
import { type Authenticator, type CallerSettings, createAuthenticator } from './keys/authenticate.ts'
import { type KeyBindings, type Keys, keysOf } from './keys/object/bindings.ts'
import { createPseudonyms } from './keys/pseudonyms.ts'
import { createStrangers } from './keys/strangers.ts'
import type { Chance } from './lib/chance.ts'
import type { Timers } from './lib/clock.ts'
import { checkInlineImage } from './media/data-url.ts'
import { fetchMedia } from './media/fetch.ts'
import { checkMediaUrl } from './media/policy.ts'
import { apis } from './providers/index.ts'
import { complain, reportError, reportUsage } from './report.ts'
import { type Books, type BooksParts, createBooks, type OpenBooks } from './usage/books.ts'
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
  /** Absent without a `GATEWAY_SECRET`. */
  readonly cache?: ResponseCache | undefined
  readonly explain: Explain
  readonly explainSession: ExplainSession
  readonly realtime: Realtime
  readonly realtimeCall: RealtimeCall
  /** What the health object says of every target. */
  readonly fleetHealth: () => Promise<readonly Described[]>
  readonly report: (requestId: string | undefined, error: GatewayError) => void
  /** What an answer costs in this deployment. */
  readonly priceOf: PriceOf
  /** The version of the runtime configuration that this is made from, and what is wrong with it; absent without one. */
  readonly configMark?: string | undefined
  /** Absent without a runtime layer. */
  readonly configAdmin?: ConfigAdmin | undefined
  readonly adminSecret: string | undefined
  /** Judges logins and keeps the audit log; absent only where a test has none. */
  readonly adminObject?: (() => AdminObject) | undefined
  /** The virtual keys; absent without a `GATEWAY_SECRET`. */
  readonly keys?: Keys | undefined
}

/** Responses that were made earlier. */
interface Responses {
  readonly store: KeptResponses
  readonly ask: (question: Question) => Promise<Response>
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
  /** Absent: answers are kept in memory only. */
  readonly kv?: KeyValueStore | undefined
  readonly responseShards: DurableObjectNamespace<ResponseStore>
  readonly configObject?: () => ConfigObject
  readonly adminObject?: () => AdminObject
  readonly keyBindings?: KeyBindings
  /** In the place of those in the table. */
  readonly hooks?: readonly Hook[]
}

/** Puts the parts together as the file and the environment say. Tests bring parts of their own. */
export function composeFrom(parts: Parts): Services {
  return assemble(parts, lastingOf(parts), loadConfig(parts.file, parts.variables))
}

/** What outlives a change of configuration. */
export interface Lasting {
  readonly deployment: Deployment
  /** What the gateway remembers from request to request. */
  readonly memory: { readonly health: HealthView } & Pick<Ports, 'turns' | 'notes' | 'pseudonyms'>
  readonly authenticator: (settings: CallerSettings) => Authenticator
  readonly keys: Keys | undefined
  /** Undefined without a secret. */
  readonly cache: (limits: CacheLimits) => ResponseCache | undefined
  readonly responseStore: (retentionMs: number) => KeptResponses
  readonly books: OpenBooks
}

export function lastingOf(parts: Parts): Lasting {
  const { variables, timers, chance, healthObject, responseShards, kv } = parts
  const deployment = readDeployment(variables)
  const secret = deployment.gatewaySecret
  const keys = keysIn(parts, deployment)
  const callers = { deployment, ring: keys?.ring, strangers: createStrangers(timers), timers }
  return {
    deployment,
    memory: {
      health: healthView({ object: healthObject, chance, timers, id: crypto.randomUUID() }),
      turns: new Map<string, readonly number[]>(),
      notes: createNotes(),
      pseudonyms: createPseudonyms(deployment.gatewaySecret),
    },
    authenticator: oncePer((settings) => createAuthenticator(callers, settings), JSON.stringify),
    keys,
    cache: whileSame((limits) =>
      secret === undefined ? undefined : createCache({ secret, kv, timers, limits, alarm: complain }),
    ),
    responseStore: oncePer(
      (retentionMs) => createKeptResponses(responseShards, { timers, retentionMs }),
      String,
    ),
    books: createBooks(parts, { timers, chance, writeLog: reportUsage, complain }),
  }
}

function oncePer<K, V>(make: (key: K) => V, nameOf: (key: K) => string): (key: K) => V {
  const made = new Map<string, V>()
  return (key) => {
    const name = nameOf(key)
    const found = made.get(name) ?? make(key)
    made.set(name, found)
    return found
  }
}

/** Makes it anew, and lets the old one go, when it is asked for under another key. */
function whileSame<K, V>(make: (key: K) => V): (key: K) => V {
  let made: { readonly name: string; readonly value: V } | undefined
  return (key) => {
    const name = JSON.stringify(key)
    if (made?.name !== name) made = { name, value: make(key) }
    return made.value
  }
}

/** Without a secret no key can be hashed: there are none then. */
function keysIn({ keyBindings, timers, chance }: Parts, { gatewaySecret }: Deployment): Keys | undefined {
  if (keyBindings === undefined || gatewaySecret === undefined) return undefined
  return keysOf(keyBindings, gatewaySecret, { timers, chance })
}

function callerSettings(config: Config, registry: Registry): CallerSettings {
  const { keyMode } = config
  const modes = [keyMode, ...Object.values(config.providers).map((provider) => provider.keyMode)]
  return {
    holdsProviderKeys: holdsKeys(registry),
    keyMode,
    brings: modes.some((mode) => mode === 'client' || mode === 'hybrid'),
  }
}

/** What comes with the runtime configuration, besides its document. */
export interface Runtime {
  readonly stored?: StoredKeys | undefined
  /** Undefined: nobody knows. */
  readonly purges: Purges | undefined
}

/** One configuration's services, over what lasts. */
export function assemble(
  parts: Parts,
  lasting: Lasting,
  config: Config,
  { stored, purges }: Runtime = { purges: NO_PURGES },
): Services {
  const { variables, timers, chance, fetch, healthObject, hooks = registered } = parts
  const { memoryBytes, maxEntryBytes, readTimeoutMs } = config.cache
  const registry = createRegistry(config, variables, stored)
  const allowHosts = new Set(config.media.allowHosts)
  const ports: Ports = {
    config,
    cache: lasting.cache({ memoryBytes, maxEntryBytes, readTimeoutMs }),
    generationOf: generations(config.cache.generation, purges),
    chance,
    timers,
    fetch,
    ...lasting.memory,
    priceOf: createPricing(config.prices),
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
    authenticator: lasting.authenticator(callerSettings(config, registry)),
    report: reportError,
    priceOf: ports.priceOf,
    ...lasting.books(config.usage, ports.priceOf),
    responses: {
      store: lasting.responseStore(config.responses.retentionDays * 86_400_000),
      ask: (question) =>
        askAccount({ fetch, timers, registry, apis, timeoutMs: config.timeouts.requestMs }, question),
    },
    cache: ports.cache,
    gateway: hooked(createGateway(ports), hooks, complain),
    explain: hookedExplain(createExplain(ports), hooks),
    explainSession: createExplainSession(ports),
    realtime: hookedSessions(createRealtime(ports), ({ model }) => ({ model }), hooks, complain),
    realtimeCall: hookedSessions(createRealtimeCall(ports), requestIn, hooks, complain),
    fleetHealth: async () =>
      describe(await healthObject().snapshot(), configuredTargets(config, registry, timers.now())),
    adminSecret: lasting.deployment.adminSecret,
    adminObject: parts.adminObject,
    keys: lasting.keys,
  }
}
