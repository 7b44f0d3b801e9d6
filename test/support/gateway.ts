import { unstable_DevEnv as DevEnv } from 'wrangler'
import { createSimulator } from '../../simulator/index.ts'
import type { Options, Received, Simulator } from '../../simulator/index.ts'
import { serve } from '../../simulator/server.ts'

export interface RunningGateway {
  /** `http://127.0.0.1:PORT`, where the Worker listens. */
  readonly origin: string
  /** Where the upstreams are. */
  readonly upstream: string
  readonly simulator: Simulator
  /** What the providers received for callers, oldest first: without the gateway's own looks whether they are there. */
  readonly received: readonly Received[]
  close(): Promise<void>
}

export interface StartOptions {
  readonly simulator?: Options
  /** Put over the defaults; `undefined` takes one away. */
  readonly variables?: Readonly<Record<string, string | undefined>>
}

/**
 * The provider simulator on a socket, and the Worker as wrangler bundles it, in workerd, on a port of its own.
 *
 * Two things differ from `wrangler dev` and from wrangler's test harness, so that cuts, resets and disconnects are
 * real: workerd opens its own connections to the simulator (no outbound service in Node), and clients connect to the
 * Worker's own listener, not to wrangler's reloading proxy, which never tells the Worker that a client has gone.
 */
export async function startGateway({
  simulator: options,
  variables,
}: StartOptions = {}): Promise<RunningGateway> {
  const simulator = createSimulator(options)
  const upstream = await serve(simulator)
  const environment = new DevEnv()
  const listening = listenerOf(environment)
  const worker = await environment.startWorker({
    config: './wrangler.toml',
    envFiles: [], // a developer's .dev.vars must not reach a test
    bindings: bindingsOf({ ...defaults(upstream.origin), ...variables }),
    dev: {
      server: { hostname: '127.0.0.1', port: 0 },
      inspector: false,
      watch: false,
      persist: false,
      logLevel: 'error',
    },
  })
  return {
    origin: await listening,
    upstream: upstream.origin,
    simulator,
    get received() {
      return simulator.received.filter(({ method, path }) => method !== 'GET' || !path.endsWith('/models'))
    },
    async close() {
      await worker.dispose()
      await upstream.close()
    },
  }
}

/** What wrangler says once the Worker is loaded. */
interface ReloadComplete {
  readonly proxyData: { readonly userWorkerUrl: { readonly hostname: string; readonly port: string } }
}

function listenerOf(environment: DevEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    environment.once('reloadComplete', ({ proxyData: { userWorkerUrl } }: ReloadComplete) =>
      resolve(`http://${userWorkerUrl.hostname}:${userWorkerUrl.port}`),
    )
    environment.once('error', reject)
  })
}

function bindingsOf(variables: Readonly<Record<string, string | undefined>>) {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, { type: 'plain_text' as const, value }]],
    ),
  )
}

function defaults(upstream: string): Record<string, string> {
  return {
    OPENAI_BASE_URL: `${upstream}/v1`,
    GEMINI_BASE_URL: upstream,
    OPENAI_API_KEY: 'sk-simulator',
    GEMINI_API_KEY: 'AIzaSimulator',
    ALLOW_ANONYMOUS: 'true',
    FETCH_ALLOW_HOSTS: new URL(upstream).host,
  }
}
