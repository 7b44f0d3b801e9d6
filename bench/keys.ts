import { httpRequest, small } from './bodies.ts'
import { bundle } from './bundle.ts'
import { Connection } from './connection.ts'
import { cpuMicros } from './proc.ts'
import { GATEWAY_OBJECTS, gatewayBindings, greet, startUpstream } from './rig.ts'
import { spread } from './stats.ts'
import { startWorkerd } from './workerd.ts'

/**
 * `sh scripts/run.sh node bench/keys.ts`: CPU of a whole request (1 KB, one at a time) by the key that it comes with.
 * The keys take turns in one process; the objects that a lease comes from run in it as well.
 */
const ROUNDS = 15
const REQUESTS = 400
const ADMIN = 'admin-secret-of-the-bench-0123456789ab'

const upstream = await startUpstream()
const workerd = await startWorkerd({
  main: bundle('gateway'),
  bindings: {
    ...gatewayBindings(upstream.port),
    GATEWAY_SECRET: 'gateway-secret-of-the-bench-0123456789',
    ADMIN_SECRET: ADMIN,
  },
  objects: GATEWAY_OBJECTS,
})

async function virtualKey(input: object): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${workerd.port}/admin/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'bench', ...input }),
  })
  const { key } = (await response.json()) as { key?: string }
  if (key === undefined) throw new Error(`no key was made: ${response.status}`)
  return key
}

async function cpuPerRequest(request: Uint8Array): Promise<number> {
  const connection = new Connection(workerd.port)
  const before = cpuMicros(workerd.pid)
  for (let i = 0; i < REQUESTS; i++) {
    const { status, tail } = await connection.send(request)
    if (status !== 200) throw new Error(`a request was answered with ${status}: ${tail}`)
  }
  const after = cpuMicros(workerd.pid)
  connection.close()
  return (after - before) / REQUESTS
}

try {
  const text = small.text('gpt-4.1')
  const limits = { requestsPerMinute: 10_000_000, tokensPerMinute: 1_000_000_000 }
  const variants = [
    { name: 'one of GATEWAY_KEYS', request: httpRequest(text) },
    { name: 'a virtual key', request: httpRequest(text, await virtualKey({})) },
    {
      name: 'a virtual key with rates and a budget',
      request: httpRequest(text, await virtualKey({ limits, budgets: { total: 100_000 } })),
    },
  ].map((variant) => ({ ...variant, micros: [] as number[] }))
  for (const { request } of variants) {
    await greet(workerd.port, request)
    await cpuPerRequest(request)
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const { request, micros } of variants) micros.push(await cpuPerRequest(request))
  console.log('| key | CPU µs per request (min–max) | more than the first, by round |\n| --- | ---: | ---: |')
  for (const { name, micros } of variants) {
    const { median, min, max } = spread(micros)
    const more = spread(micros.map((each, round) => each - (variants[0]?.micros[round] ?? 0)))
    console.log(
      `| ${name} | ${median.toFixed(0)} (${min.toFixed(0)}–${max.toFixed(0)}) | ${more.median.toFixed(0)} (${more.min.toFixed(0)}–${more.max.toFixed(0)}) |`,
    )
  }
} finally {
  await workerd.stop()
  upstream.stop()
}
