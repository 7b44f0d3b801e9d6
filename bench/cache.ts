import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Miniflare } from 'miniflare'
import { createSimulator } from '../simulator/index.ts'
import { serve } from '../simulator/server.ts'
import { bundle } from './bundle.ts'
import { Connection } from './connection.ts'

/** `sh scripts/run.sh node bench/cache.ts [--runs 300] [--write]`: what a kept answer costs, into docs/caching.md. */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '300' }, write: { type: 'boolean', default: false } },
})
const RUNS = Number(values.runs)
const SIZES = [1_024, 102_400]
const PAGE = 'docs/caching.md'

const BARE = `
const fixed = new Map()
export default {
  async fetch(request, env) {
    const { kind, bytes, name } = await request.json()
    if (kind === 'put') { await env.CACHE.put(name, 'x'.repeat(bytes)); return new Response('ok') }
    if (kind === 'kv') return new Response(await env.CACHE.get(name, 'arrayBuffer'))
    if (!fixed.has(bytes)) fixed.set(bytes, new TextEncoder().encode('x'.repeat(bytes)))
    return new Response(fixed.get(bytes))
  },
}`

const persist = mkdtempSync(join(tmpdir(), 'cache-bench-'))
const simulator = createSimulator()
const upstream = await serve(simulator)
const gatewayScript = readFileSync(bundle('gateway'), 'utf8')

function start(name: string, contents: string, config: object): Miniflare {
  return new Miniflare({
    resourcePersistencePath: join(persist, name),
    workers: [
      {
        config: {
          name,
          compatibilityDate: '2026-10-20',
          manifest: { mainModule: 'main.js', modules: { 'main.js': { type: 'esm', contents } } },
          ...config,
        },
      },
    ],
  })
}
const text = (value: string) => ({ type: 'text', value })
const CACHE = { type: 'kv', id: 'CACHE' }

function startGateway(): Miniflare {
  return start('gateway', gatewayScript, {
    compatibilityFlags: ['enable_request_signal', 'request_signal_passthrough'],
    exports: {
      HealthRegistry: { type: 'durable-object', storage: 'sqlite' },
      UsageLedger: { type: 'durable-object', storage: 'sqlite' },
    },
    env: {
      CACHE,
      HEALTH: { type: 'durable-object', worker: 'gateway', exportName: 'HealthRegistry' },
      LEDGER: { type: 'durable-object', worker: 'gateway', exportName: 'UsageLedger' },
      OPENAI_BASE_URL: text(`${upstream.origin}/v1`),
      OPENAI_API_KEY: text('sk-upstream'),
      GATEWAY_KEYS: text('gateway-key-of-the-bench'),
      GATEWAY_SECRET: text('gateway-secret-of-the-bench-0123456789'),
    },
  })
}
const startBare = () => start('bare', BARE, { env: { CACHE } })

function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}): Uint8Array {
  const content = JSON.stringify(body)
  return Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      'host: gateway',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(content)}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      content,
    ].join('\r\n'),
  )
}
function chat(bytes: number, seed: number, cached = true, stream = false): Uint8Array {
  const content = `[[sim ${JSON.stringify({ text: 'x'.repeat(bytes) })}]]`
  return post(
    '/v1/chat/completions',
    { model: 'gpt-4o-mini', messages: [{ role: 'user', content }], seed, ...(stream && { stream }) },
    {
      authorization: 'Bearer gateway-key-of-the-bench',
      'x-gateway-cache': cached ? 'ttl=86400' : 'bypass',
    },
  )
}
/** The simulator takes its script out of the prompt, so the request is as long as the answer. */
const asked = (bytes: number, kind: string, name = ''): Uint8Array =>
  post('/', { kind, bytes, name, padding: 'x'.repeat(bytes) })

interface Lane {
  readonly worker: Miniflare
  readonly requests: readonly Uint8Array[]
}
/** One request at a time, the lanes in turn: whatever else the machine does, all of them feel it. */
async function sideBySide<N extends string>(
  lanes: Readonly<Record<N, Lane>>,
): Promise<Readonly<Record<N, readonly number[]>>> {
  const names = Object.keys(lanes) as N[]
  const connections = new Map<N, Connection>()
  for (const name of names)
    connections.set(name, new Connection(Number((await lanes[name].worker.ready).port)))
  const took = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<N, number[]>
  for (let i = 0; names.some((name) => i < lanes[name].requests.length); i++) {
    for (const name of names) {
      const request = lanes[name].requests[i]
      if (request === undefined) continue
      const { status, totalMs } = await connections.get(name)!.send(request)
      if (status !== 200) throw new Error(`a request was answered with ${status}`)
      took[name].push(totalMs)
    }
  }
  for (const name of names) {
    connections.get(name)!.close()
    took[name].sort((a, b) => a - b)
  }
  return took
}
const measure = async (worker: Miniflare, requests: readonly Uint8Array[]): Promise<readonly number[]> =>
  (await sideBySide({ only: { worker, requests } })).only

const at = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(2)
const times = (make: (i: number) => Uint8Array): Uint8Array[] =>
  Array.from({ length: RUNS }, (_, i) => make(i))

const rows: string[] = []
/** `above`: what the gateway adds to the bare worker that was measured beside it. */
function row(bytes: number, what: string, sorted: readonly number[], above?: readonly number[]): void {
  const more = above === undefined ? '' : (Number(at(sorted, 0.5)) - Number(at(above, 0.5))).toFixed(2)
  rows.push(`| ${bytes / 1_024} KB | ${what} | ${at(sorted, 0.5)} | ${at(sorted, 0.95)} | ${more} |`)
}
const warm = (bytes: number) => times((i) => chat(bytes, 1_000_000 + i, false))

let seeded = 0
for (const bytes of SIZES) {
  const bare = startBare()
  const gateway = startGateway()
  const fixed = { worker: bare, requests: times(() => asked(bytes, 'fixed')) }
  await sideBySide({ fixed, warm: { worker: gateway, requests: warm(bytes) } })
  await measure(
    bare,
    times((i) => asked(bytes, 'put', `${bytes}-${i}`)),
  )
  const off = await measure(
    gateway,
    times((i) => chat(bytes, 2_000_000 + i, false)),
  )
  const miss = await measure(
    gateway,
    times((i) => chat(bytes, i)),
  )
  seeded += RUNS
  await measure(gateway, [chat(bytes, 0)])
  const near = await sideBySide({
    bare: fixed,
    hit: { worker: gateway, requests: times(() => chat(bytes, 0)) },
    stream: { worker: gateway, requests: times(() => chat(bytes, 0, true, true)) },
  })
  await new Promise((resolve) => setTimeout(resolve, 500)) // what is written behind the last answers
  await Promise.all([bare.dispose(), gateway.dispose()])

  const [otherBare, otherGateway] = [startBare(), startGateway()]
  await sideBySide({
    fixed: { ...fixed, worker: otherBare },
    warm: { worker: otherGateway, requests: warm(bytes) },
  })
  const far = await sideBySide({
    bare: { worker: otherBare, requests: times((i) => asked(bytes, 'kv', `${bytes}-${i}`)) },
    hit: { worker: otherGateway, requests: times((i) => chat(bytes, i)) },
  })
  await Promise.all([otherBare.dispose(), otherGateway.dispose()])
  row(bytes, 'gateway, cache off', off)
  row(bytes, 'gateway, miss', miss)
  row(bytes, 'bare worker, a constant', near.bare)
  row(bytes, 'gateway, hit in memory', near.hit, near.bare)
  row(bytes, 'gateway, hit in memory, as a stream', near.stream, near.bare)
  row(bytes, 'bare worker, its own KV read', far.bare)
  row(bytes, 'gateway, hit in KV', far.hit, far.bare)
}

/** The simulator forgets its oldest records, but goes on numbering them. */
const callsSoFar = (): number => simulator.received.at(-1)?.id ?? 0

/** A day of a help desk in small: some questions are asked over and over. */
async function traffic(): Promise<string> {
  const QUESTIONS = 50
  const REQUESTS = 1_000
  const before = callsSoFar()
  const worker = startGateway()
  const drawn = Array.from({ length: REQUESTS }, (_, i) =>
    Math.floor(QUESTIONS * ((i * 0.618_033_988) % 1) ** 3),
  )
  await measure(
    worker,
    drawn.map((question) => chat(1_024, 5_000_000 + question)),
  )
  const calls = callsSoFar() - before
  const kv = await worker.getKVNamespace('CACHE')
  const sizes = await Promise.all(
    (await kv.list({ limit: 1_000 })).keys.map(
      async ({ name }) => (await kv.get(name, 'arrayBuffer'))?.byteLength ?? 0,
    ),
  )
  await worker.dispose()
  const stored = sizes.filter((size) => size < 8_192).sort((a, b) => a - b)
  const large = sizes.filter((size) => size >= 8_192).sort((a, b) => a - b)
  const median = (of: readonly number[]) => (of[Math.floor(of.length / 2)] ?? 0).toLocaleString('en')
  return [
    `${REQUESTS.toLocaleString('en')} requests for ${new Set(drawn).size} questions made ${calls} upstream calls: ${REQUESTS - calls} saved (${((1 - calls / REQUESTS) * 100).toFixed(1)} %).`,
    `An answer of 1 KB takes ${median(stored)} bytes in KV, one of 100 KB ${median(large)}; ${(seeded + calls).toLocaleString('en')} misses stored as many entries.`,
  ].join(' ')
}

const saved = await traffic()
const report = [
  'Measured against the simulator, workerd and its local KV in one machine of two cores, one request at a time, what is compared by turns; the request is as long as the answer. `sh scripts/run.sh node bench/cache.ts --write`.',
  '',
  '| Answer | What | p50 ms | p95 ms | above the bare worker |',
  '| --- | --- | --- | --- | --- |',
  ...rows,
  '',
  saved,
].join('\n')
console.log(report)
if (values.write) {
  const page = readFileSync(PAGE, 'utf8')
  const [head = '', rest = ''] = page.split('<!-- bench -->')
  const [, tail = ''] = rest.split('<!-- /bench -->')
  writeFileSync(PAGE, `${head}<!-- bench -->\n\n## What it costs\n\n${report}\n\n<!-- /bench -->${tail}`)
}
await upstream.close()
rmSync(persist, { recursive: true, force: true })
