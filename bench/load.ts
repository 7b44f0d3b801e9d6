import { Connection, type Exchange } from './connection.ts'
import { quantile } from './stats.ts'

/** The load generator, a process of its own: it does as it is told over the process's message channel. */

export type Order =
  | {
      readonly kind: 'run'
      readonly port: number
      readonly request: Uint8Array
      readonly requests: number
      readonly concurrency: number
    }
  /** Opens streams and keeps them open, read, until `release`. */
  | { readonly kind: 'hold'; readonly port: number; readonly request: Uint8Array; readonly streams: number }
  | { readonly kind: 'release' }

export interface Outcome {
  readonly elapsedMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly firstByteMs: number
  readonly bytes: number
  /** CPU of the load generator itself, to see that it was not the bottleneck; microseconds. */
  readonly ownCpuMicros: number
  readonly tail: string
}
export type Report = { readonly outcome: Outcome } | { readonly error: string }

const pools = new Map<number, Connection[]>()
let held: Connection[] = []

async function run({
  port,
  request,
  requests,
  concurrency,
}: Extract<Order, { kind: 'run' }>): Promise<Outcome> {
  const pool = (pools.get(port) ?? []).filter((connection) => connection.open)
  pools.set(port, pool)
  while (pool.length < concurrency) pool.push(new Connection(port))
  const exchanges: Exchange[] = []
  let left = requests
  const before = process.cpuUsage()
  const startedAt = performance.now()
  await Promise.all(
    pool.slice(0, concurrency).map(async (connection) => {
      while (left-- > 0) exchanges.push(await connection.send(request))
    }),
  )
  const elapsedMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(before)
  const failed = exchanges.find(({ status }) => status !== 200)
  if (failed !== undefined) throw new Error(`a request was answered with ${failed.status}: ${failed.tail}`)
  const totals = exchanges.map(({ totalMs }) => totalMs)
  return {
    elapsedMs,
    p50Ms: quantile(totals, 0.5),
    p99Ms: quantile(totals, 0.99),
    firstByteMs: quantile(
      exchanges.map(({ firstByteMs }) => firstByteMs),
      0.5,
    ),
    bytes: exchanges.reduce((sum, { bytes }) => sum + bytes, 0),
    ownCpuMicros: user + system,
    tail: exchanges[0]?.tail ?? '',
  }
}

async function hold({ port, request, streams }: Extract<Order, { kind: 'hold' }>): Promise<Outcome> {
  const startedAt = performance.now()
  const opened = Array.from({ length: streams }, () => new Connection(port))
  held.push(...opened)
  await Promise.all(
    opened.map(
      (connection) =>
        new Promise<void>((resolve, reject) => {
          connection.send(request, resolve).catch(reject)
        }),
    ),
  )
  return { ...NOTHING, elapsedMs: performance.now() - startedAt }
}

const NOTHING: Outcome = {
  elapsedMs: 0,
  p50Ms: 0,
  p99Ms: 0,
  firstByteMs: 0,
  bytes: 0,
  ownCpuMicros: 0,
  tail: '',
}

function release(): Outcome {
  for (const connection of held) connection.close()
  held = []
  return NOTHING
}

async function obey(order: Order): Promise<Report> {
  try {
    if (order.kind === 'release') return { outcome: release() }
    return { outcome: order.kind === 'run' ? await run(order) : await hold(order) }
  } catch (thrown) {
    return { error: thrown instanceof Error ? thrown.message : String(thrown) }
  }
}

process.on('message', (order: Order) => {
  void obey(order).then((report) => process.send?.(report))
})
process.once('disconnect', () => process.exit())
