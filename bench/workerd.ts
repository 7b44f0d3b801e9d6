import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** A worker in a workerd process of its own, so that the process's CPU and memory are the worker's. */
export interface Workerd {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

export interface WorkerdOptions {
  /** The bundled main module. */
  readonly main: string
  readonly bindings: Readonly<Record<string, string>>
  readonly inspectorPort?: number
}

/** The binary that wrangler runs: the launcher in node_modules/.bin is a script, whose CPU would be the wrong one to read. */
function workerdPath(): string {
  const fromMiniflare = createRequire(createRequire(import.meta.url).resolve('miniflare'))
  return (fromMiniflare('workerd') as { default: string }).default
}

export async function startWorkerd({ main, bindings, inspectorPort }: WorkerdOptions): Promise<Workerd> {
  const port = await freePort()
  const config = `${main}.${port}.capnp`
  writeFileSync(config, configText(main, port, bindings))
  const child = spawn(
    workerdPath(),
    [
      'serve',
      ...(inspectorPort === undefined ? [] : [`--inspector-addr=127.0.0.1:${inspectorPort}`]),
      config,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  if (child.pid === undefined) throw new Error('workerd did not start')
  return { pid: child.pid, port, stop: () => stop(child) }
}

function configText(main: string, port: number, bindings: Readonly<Record<string, string>>): string {
  const text = JSON.stringify
  const vars = Object.entries(bindings).map(
    ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed ${text(main.slice(dirname(main).length + 1))})],
  compatibilityDate = "2026-10-20",
  compatibilityFlags = ["enable_request_signal", "request_signal_passthrough", "global_fetch_strictly_public"],
  bindings = [${vars.join(', ')}],
  globalOutbound = "internet",
);
`
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done()
    child.once('exit', () => done())
    child.kill('SIGKILL')
  })
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
    server.once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => done(port))
    })
  })
}
