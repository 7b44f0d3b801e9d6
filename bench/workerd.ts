import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'

/** A worker in a workerd process of its own, so that the process's CPU and memory are the worker's. */
export interface Workerd {
  readonly pid: number
  readonly port: number
  /** Where its inspector listens; 0 unless asked for. */
  readonly inspectorPort: number
  stop(): Promise<void>
}

export interface WorkerdOptions {
  /** The bundled main module. */
  readonly main: string
  readonly bindings: Readonly<Record<string, string>>
  /** Its Durable Objects: class names by binding. They live in its process and forget everything with it. */
  readonly objects?: Readonly<Record<string, string>>
  readonly inspected?: boolean
}

/** The binary that wrangler runs: the launcher in node_modules/.bin is a script, whose CPU would be the wrong one to read. */
function workerdPath(): string {
  const require = createRequire(import.meta.url)
  const fromMiniflare = createRequire(require.resolve('miniflare'))
  return (fromMiniflare('workerd') as { default: string }).default
}

let started = 0
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** Resolves once the worker listens. */
export async function startWorkerd({
  main,
  bindings,
  objects = {},
  inspected = false,
}: WorkerdOptions): Promise<Workerd> {
  const config = `${main}.${++started}.capnp`
  writeFileSync(config, configText(main, bindings, objects))
  const child = spawn(
    workerdPath(),
    ['serve', '--control-fd=3', ...(inspected ? ['--inspector-addr=127.0.0.1:0'] : []), config],
    { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] },
  )
  running.add(child)
  const port = listening(child, 'listen')
  const inspectorPort = inspected ? listening(child, 'listen-inspector') : 0
  return {
    pid: child.pid ?? 0,
    port: await port,
    inspectorPort: await inspectorPort,
    stop: () => stop(child),
  }
}

/**
 * The port that workerd chose, as it says on its control channel. Choosing one for it and trying until it answers
 * would not do: a connection to a port that nobody listens on yet can end up connected to itself.
 */
function listening(child: ChildProcess, event: string): Promise<number> {
  return new Promise((done, fail) => {
    let text = ''
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      for (const line of text.split('\n').filter((each) => each.endsWith('}'))) {
        const said = JSON.parse(line) as { event: string; port?: number }
        if (said.event === event && said.port !== undefined) done(said.port)
      }
    })
    child.once('exit', (code) => fail(new Error(`workerd ended with ${code}`)))
  })
}

/** SQLite needs a disk: each process has a folder of its own beside its configuration. */
function diskFor(main: string): string {
  const path = `${main}.${started}.objects`
  rmSync(path, { recursive: true, force: true })
  mkdirSync(path)
  return path
}

function configText(
  main: string,
  bindings: WorkerdOptions['bindings'],
  objects: Readonly<Record<string, string>>,
): string {
  const text = JSON.stringify
  const vars = Object.entries(bindings).map(
    ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
  )
  const classes = Object.entries(objects)
  const bound = classes.map(
    ([name, className]) =>
      `(name = ${text(name)}, durableObjectNamespace = (className = ${text(className)}))`,
  )
  const namespaces = classes.map(
    ([, className]) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`,
  )
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private", "local"])),
    ${classes.length === 0 ? '' : `(name = "disk", disk = (path = ${text(diskFor(main))}, writable = true)),`}
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed ${text(main.slice(dirname(main).length + 1))})],
  compatibilityDate = "2026-10-20",
  compatibilityFlags = ["enable_request_signal", "request_signal_passthrough", "global_fetch_strictly_public"],
  bindings = [${[...vars, ...bound].join(', ')}],
  durableObjectNamespaces = [${namespaces.join(', ')}],
  ${classes.length === 0 ? '' : 'durableObjectStorage = (localDisk = "disk"),'}
  globalOutbound = "internet",
);
`
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    running.delete(child)
    if (child.exitCode !== null || child.signalCode !== null) return done()
    child.once('exit', () => done())
    child.kill('SIGKILL')
  })
}
