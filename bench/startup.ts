import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { httpRequest, small } from './bodies.ts'
import type { CpuProfile } from './inspector.ts'
import { cpuMicros } from './proc.ts'
import { bareBindings, GATEWAY_OBJECTS, type Bundles, gatewayBindings, startUpstream, greet } from './rig.ts'
import { startWorkerd } from './workerd.ts'

export interface Startup {
  readonly worker: keyof Bundles
  /** From the start of the process to its first answer. */
  readonly firstAnswerMs: readonly number[]
  /** The process's CPU until then. */
  readonly cpuMs: readonly number[]
}

const WORKERS: readonly (keyof Bundles)[] = ['native', 'hono', 'gateway']

/** Starts each worker anew, several times, by turns. */
export async function measureStartup(bundles: Bundles, rounds: number): Promise<readonly Startup[]> {
  const upstream = await startUpstream()
  const found = WORKERS.map((worker) => ({ worker, firstAnswerMs: [] as number[], cpuMs: [] as number[] }))
  const request = httpRequest(small.text('gpt-4.1'))
  for (let round = 0; round < rounds; round++) {
    for (const { worker, firstAnswerMs, cpuMs } of found) {
      const bindings = worker === 'gateway' ? gatewayBindings(upstream.port) : bareBindings(upstream.port)
      const startedAt = performance.now()
      const objects = worker === 'gateway' ? GATEWAY_OBJECTS : {}
      const workerd = await startWorkerd({ main: bundles[worker], bindings, objects })
      await greet(workerd.port, request)
      firstAnswerMs.push(performance.now() - startedAt)
      cpuMs.push(cpuMicros(workerd.pid) / 1_000)
      await workerd.stop()
    }
  }
  upstream.stop()
  return found
}

const IDLE = new Set(['(idle)', '(root)'])

/** What `wrangler check startup` sees: the CPU profile of the global scope, idle time left out; milliseconds. */
export function checkStartup(): number {
  const folder = mkdtempSync('dist/startup-')
  const out = join(folder, 'startup.cpuprofile')
  try {
    execFileSync('wrangler', ['check', 'startup', '--outfile', out], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(out, 'utf8')) as CpuProfile
    const idle = new Set(
      nodes.filter(({ callFrame }) => IDLE.has(callFrame.functionName)).map(({ id }) => id),
    )
    const micros = samples.reduce((sum, id, i) => sum + (idle.has(id) ? 0 : (timeDeltas[i] ?? 0)), 0)
    return micros / 1_000
  } finally {
    rmSync(folder, { recursive: true })
  }
}
