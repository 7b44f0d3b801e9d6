import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { bundle } from './bundle.ts'
import { Connection } from './connection.ts'
import type { Order, Outcome, Report } from './load.ts'
import { startWorkerd, type Workerd } from './workerd.ts'

/** What is compared: the upstream itself, the floor, the bare worker, the gateway on either provider. */
export const VARIANTS = ['direct', 'native', 'bare', 'openai', 'gemini'] as const
export type Variant = (typeof VARIANTS)[number]

/** Everything that runs during a bench, each in its own process. */
export interface Rig {
  readonly upstreamPort: number
  /** Undefined for `direct`. */
  pid(variant: Variant): number | undefined
  port(variant: Variant): number
  order(order: Order): Promise<Outcome>
  stop(): Promise<void>
}

export interface Bundles {
  readonly native: string
  readonly hono: string
  readonly gateway: string
}

export function bundleAll(): Bundles {
  return { native: bundle('native'), hono: bundle('hono'), gateway: bundle('gateway') }
}

export const bareBindings = (upstreamPort: number): Record<string, string> => ({
  UPSTREAM: `http://127.0.0.1:${upstreamPort}`,
})

/** As in production: callers have a gateway key, which is checked. */
export const gatewayBindings = (upstreamPort: number): Record<string, string> => ({
  OPENAI_BASE_URL: `http://127.0.0.1:${upstreamPort}/v1`,
  GEMINI_BASE_URL: `http://127.0.0.1:${upstreamPort}`,
  OPENAI_API_KEY: 'sk-upstream',
  GEMINI_API_KEY: 'upstream',
  GATEWAY_KEYS: 'gateway-key-of-the-bench',
})

/** What a deployment has (wrangler.toml). They run in the worker's process here, so that their CPU counts as its own. */
export const GATEWAY_OBJECTS = {
  HEALTH: 'HealthRegistry',
  LEDGER: 'UsageLedger',
  RESPONSES: 'ResponseStore',
  KEYS: 'KeyObject',
  KEY_INDEX: 'KeyIndex',
  CONFIG: 'ConfigStore',
  ADMIN: 'AdminLog',
} as const

/** The upstream as a process of its own; resolves once it listens. */
export async function startUpstream(): Promise<{ readonly port: number; stop(): void }> {
  const child = fork(new URL('upstream.ts', import.meta.url))
  const [port] = (await once(child, 'message')) as [number]
  return { port, stop: () => void child.kill() }
}

export const startGateway = (main: string, upstreamPort: number): Promise<Workerd> =>
  startWorkerd({ main, bindings: gatewayBindings(upstreamPort), objects: GATEWAY_OBJECTS })

export async function startRig(bundles: Bundles): Promise<Rig> {
  const upstream = await startUpstream()
  const load = fork(new URL('load.ts', import.meta.url), { serialization: 'advanced' })
  const bare = bareBindings(upstream.port)
  const [native, hono, openai, gemini] = await Promise.all([
    startWorkerd({ main: bundles.native, bindings: bare }),
    startWorkerd({ main: bundles.hono, bindings: bare }),
    startGateway(bundles.gateway, upstream.port),
    startGateway(bundles.gateway, upstream.port),
  ])
  const workers: Readonly<Record<Exclude<Variant, 'direct'>, Workerd>> = {
    native,
    bare: hono,
    openai,
    gemini,
  }
  return {
    upstreamPort: upstream.port,
    pid: (variant) => (variant === 'direct' ? undefined : workers[variant].pid),
    port: (variant) => (variant === 'direct' ? upstream.port : workers[variant].port),
    order: (order) => ask(load, order),
    async stop() {
      load.kill()
      await Promise.all(Object.values(workers).map((worker) => worker.stop()))
      upstream.stop()
    },
  }
}

async function ask(load: ChildProcess, order: Order): Promise<Outcome> {
  const answer = once(load, 'message') as Promise<[Report]>
  load.send(order)
  const [report] = await answer
  if ('error' in report) throw new Error(report.error)
  return report.outcome
}

/** A first request, so that nothing that is measured pays for compiling. */
export async function greet(port: number, request: Uint8Array): Promise<void> {
  const connection = new Connection(port)
  const { status, tail } = await connection.send(request)
  connection.close()
  if (status !== 200) throw new Error(`the worker answers with ${status}: ${tail}`)
}
