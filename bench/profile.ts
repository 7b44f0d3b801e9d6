import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { httpRequest, small } from './bodies.ts'
import { bundle } from './bundle.ts'
import { Connection } from './connection.ts'
import { type CpuProfile, profiled } from './inspector.ts'
import { bareBindings, gatewayBindings, startUpstream, greet } from './rig.ts'
import { CELLS, requestOf } from './throughput.ts'
import { startWorkerd } from './workerd.ts'

/** `sh scripts/run.sh node bench/profile.ts [--case 'stream, bursts'] [--worker openai]`: where the CPU goes. */
const { values } = parseArgs({
  options: {
    case: { type: 'string', default: 'unary, 1 KB' },
    worker: { type: 'string', default: 'openai' },
    requests: { type: 'string', default: '3000' },
    lines: { type: 'string', default: '40' },
    out: { type: 'string' },
  },
})
const cell = CELLS.find(({ name }) => name === values.case)
if (cell === undefined) throw new Error(`no such case; there are ${CELLS.map(({ name }) => name).join('; ')}`)
const { worker } = values
if (worker !== 'openai' && worker !== 'gemini' && worker !== 'bare') throw new Error(`no worker ${worker}`)

const upstream = await startUpstream()
const workerd = await startWorkerd({
  main: bundle(worker === 'bare' ? 'hono' : 'gateway', { readable: true }),
  bindings: worker === 'bare' ? bareBindings(upstream.port) : gatewayBindings(upstream.port),
  inspected: true,
})
try {
  await greet(workerd.port, httpRequest(small.text('gpt-4.1')))
  const request = requestOf(cell, worker)
  await load(request, Number(values.requests) / 4)
  const profile = await profiled(workerd.inspectorPort, () => load(request, Number(values.requests)))
  if (values.out !== undefined) writeFileSync(values.out, JSON.stringify(profile))
  print(profile)
} finally {
  await workerd.stop()
  upstream.stop()
}

async function load(request: Uint8Array, requests: number): Promise<void> {
  let left = requests
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      const connection = new Connection(workerd.port)
      while (left-- > 0) await connection.send(request)
      connection.close()
    }),
  )
}

/** Self and inclusive time by function, as shares of the time that was not idle. */
function print({ nodes, samples, timeDeltas }: CpuProfile): void {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const label = (id: number): string => {
    const frame = byId.get(id)?.callFrame
    return frame === undefined ? '?' : `${frame.functionName || '(anonymous)'}:${frame.lineNumber + 1}`
  }
  const self = new Map<string, number>()
  const whole = new Map<string, number>()
  let busy = 0
  for (const [i, id] of samples.entries()) {
    const micros = timeDeltas[i] ?? 0
    if (label(id).startsWith('(idle)')) continue
    busy += micros
    add(self, label(id), micros)
    const path = new Set<string>()
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) path.add(label(at))
    for (const name of path) add(whole, name, micros)
  }
  const share = (micros: number): string => `${((100 * micros) / busy).toFixed(1)} %`.padStart(7)
  console.log(`busy: ${(busy / 1_000 / Number(values.requests)).toFixed(3)} ms per request`)
  for (const [title, times] of [
    ['self', self],
    ['with callees', whole],
  ] as const) {
    console.log(`\n${title}`)
    const sorted = [...times].sort(([, a], [, b]) => b - a).slice(0, Number(values.lines))
    for (const [name, micros] of sorted) console.log(`${share(micros)}  ${name}`)
  }
}

function add(times: Map<string, number>, name: string, micros: number): void {
  times.set(name, (times.get(name) ?? 0) + micros)
}
