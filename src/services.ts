import compiled from '../build/gateway.json' with { type: 'json' }
import { readDeployment } from './config/environment.ts'
import { loadConfig } from './config/load.ts'
import { createRegistry, holdsKeys } from './config/registry.ts'
import type { Config } from './config/schema.ts'
import type { GatewayError } from './errors.ts'
import { createGateway } from './gateway/gateway.ts'
import { createNotes } from './gateway/notes.ts'
import type { Gateway, Settled } from './gateway/types.ts'
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
  readonly report: (requestId: string | undefined, error: GatewayError) => void
  readonly settled: (settled: Settled) => void
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

function compose(env: Env): Services {
  const variables: Readonly<Record<string, unknown>> = { ...env }
  const deployment = readDeployment(variables)
  const config = loadConfig(compiled, variables)
  const allowHosts = new Set(config.media.allowHosts)
  const registry = createRegistry(config, variables)
  const send = (request: Request): Promise<Response> => fetch(request)
  return {
    config,
    chance,
    timers,
    authenticator: createAuthenticator(deployment, holdsKeys(registry)),
    report: reportError,
    settled: () => undefined,
    gateway: createGateway({
      config,
      chance,
      timers,
      fetch: send,
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
          { fetch: send, timers, policy: { allowHosts, ownHost: host }, limits: config.media },
          signal,
        ),
    }),
  }
}
