import { httpRequest, stream } from './bodies.ts'
import { residentBytes } from './proc.ts'
import type { Rig, Variant } from './rig.ts'

export interface Memory {
  readonly variant: Variant
  readonly bytesPerStream: number
  /** Growth while a long stream passes, and that stream's length. */
  readonly growthBytes: readonly number[]
  readonly longStreamBytes: number
}

/** Streams that are held open, with a pause between events that outlasts the measurement. */
const HELD = 'paced3000'
/** 228,000 events of 272 bytes: 62 MB. */
const LONG = 'events228000'
const FIRST_STREAMS = 20
/** V8 lets its heap grow before it collects for the first time; what a stream holds shows only after that. */
const WARM_UP = 6
const MODELS: Readonly<Partial<Record<Variant, string>>> = { gemini: 'gemini-2.5-flash' }

export interface MemoryPlan {
  readonly streams: number
  readonly longRounds: number
}

export async function measureMemory(rig: Rig, variant: Variant, plan: MemoryPlan): Promise<Memory> {
  const pid = rig.pid(variant)
  if (pid === undefined) throw new Error('the upstream is not measured')
  const model = MODELS[variant] ?? 'gpt-4.1'
  const port = rig.port(variant)
  const held = httpRequest(stream.text(`${model}-${HELD}`))
  const long = httpRequest(stream.text(`${model}-${LONG}`))
  // The first streams pay for what all share, so growth is counted from there.
  await rig.order({ kind: 'hold', port, request: held, streams: FIRST_STREAMS })
  const first = await settled(pid)
  await rig.order({ kind: 'hold', port, request: held, streams: plan.streams })
  const bytesPerStream = ((await settled(pid)) - first) / plan.streams
  await rig.order({ kind: 'release' })
  const growthBytes: number[] = []
  let longStreamBytes = 0
  for (let round = plan.longRounds > 0 ? -WARM_UP : 0; round < plan.longRounds; round++) {
    const from = await settled(pid)
    let peak = from
    const watch = setInterval(() => (peak = Math.max(peak, residentBytes(pid))), 20)
    const { bytes } = await rig.order({ kind: 'run', port, request: long, requests: 1, concurrency: 1 })
    clearInterval(watch)
    longStreamBytes = bytes
    if (round >= 0) growthBytes.push(Math.max(peak, residentBytes(pid)) - from)
  }
  return { variant, bytesPerStream, growthBytes, longStreamBytes }
}

async function settled(pid: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 500))
  return residentBytes(pid)
}
