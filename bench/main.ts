import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { httpRequest, small } from './bodies.ts'
import { gzippedBytes } from './bundle.ts'
import { type Memory, measureMemory } from './memory.ts'
import { report, type Results } from './report.ts'
import { bundleAll, type Rig, startRig, greet, VARIANTS } from './rig.ts'
import { checkStartup, measureStartup } from './startup.ts'
import { CELLS, FAST_CELLS, measureCell, type Sample } from './throughput.ts'

/** `npm run bench [-- --fast] [--rounds 7] [--only unary] [--name latest]`: see docs/performance.md. */
const { values } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    only: { type: 'string', default: '' },
    name: { type: 'string' },
  },
})
const rounds = Number(values.rounds ?? (values.fast ? 1 : 7))
const wanted = (part: string): boolean => part.includes(values.only)

const bundles = bundleAll()
const results: Results = {
  rounds,
  samples: await withRig(throughput),
  memory: wanted('memory') ? await withRig(memory) : [],
  startup: wanted('startup') ? await measureStartup(bundles, values.fast ? 1 : 9) : [],
  checkStartupMs: wanted('startup') && !values.fast ? checkStartup() : undefined,
  gzippedBytes: gzippedBytes(bundles.gateway),
}

console.log(`\n${report(results)}`)
if (values.fast) assertComplete(results)
if (values.name !== undefined) {
  mkdirSync('bench/results', { recursive: true })
  writeFileSync(`bench/results/${values.name}.json`, `${JSON.stringify(results)}\n`)
}

/** Fresh processes: what an earlier measurement left in their heaps would hide the memory of the next. */
async function withRig<T>(work: (rig: Rig) => Promise<T>): Promise<T> {
  const rig = await startRig(bundles)
  try {
    const request = httpRequest(small.text('gpt-4.1'))
    await Promise.all(VARIANTS.map((variant) => greet(rig.port(variant), request)))
    return await work(rig)
  } finally {
    await rig.stop()
  }
}

async function throughput(rig: Rig): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  for (const cell of values.fast ? FAST_CELLS : CELLS) {
    if (!wanted(cell.name)) continue
    process.stderr.write(`${cell.name}, ${cell.concurrency} at once\n`)
    samples.push(...(await measureCell(rig, cell, rounds)))
  }
  return samples
}

async function memory(rig: Rig): Promise<readonly Memory[]> {
  const plan = values.fast ? { streams: 20, longRounds: 0 } : { streams: 300, longRounds: 5 }
  const found: Memory[] = []
  for (const variant of ['native', 'bare', 'openai', 'gemini'] as const) {
    process.stderr.write(`memory, ${variant}\n`)
    found.push(await measureMemory(rig, variant, plan))
  }
  return found
}

/** The smoke test judges no figure, only that each is there. */
function assertComplete({ samples, memory, startup }: Results): void {
  const figures = [
    ...samples.flatMap(({ variant, cpuMicrosPerRequest, requestsPerSecond, p50Ms, firstByteMs }) => [
      variant === 'direct' ? 1 : (cpuMicrosPerRequest ?? Number.NaN),
      requestsPerSecond,
      p50Ms,
      firstByteMs,
    ]),
    ...startup.flatMap(({ firstAnswerMs, cpuMs }) => [...firstAnswerMs, ...cpuMs]),
  ]
  const expected = FAST_CELLS.length * VARIANTS.length
  if (samples.length !== expected || memory.length === 0 || startup.length === 0)
    throw new Error('the bench did not measure everything')
  if (figures.some((figure) => !(figure > 0))) throw new Error('the bench gave a figure that is none')
}
