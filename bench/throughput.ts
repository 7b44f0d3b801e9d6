import { type Body, httpRequest, large, multimodal, plainStream, small, stream } from './bodies.ts'
import { cpuMicros } from './proc.ts'
import { type Rig, type Variant, VARIANTS } from './rig.ts'

/** One line of the table: a kind of request at one concurrency. */
export interface Cell {
  readonly name: string
  readonly body: Body
  /** Between two events of a stream. */
  readonly gapMs?: number
  readonly concurrency: number
  readonly requests: number
}

const cells = (
  name: string,
  body: Body,
  sizes: readonly (readonly [number, number])[],
  gapMs?: number,
): readonly Cell[] =>
  sizes.map(([concurrency, requests]) => ({
    name,
    body,
    concurrency,
    requests,
    ...(gapMs !== undefined && { gapMs }),
  }))

/** 4 MB bodies stop at 8 at once: an isolate takes 48 MB of bodies in flight and refuses more with 503. */
export const CELLS: readonly Cell[] = [
  ...cells('unary, 1 KB', small, [
    [1, 200],
    [16, 400],
    [64, 512],
  ]),
  ...cells('unary, 100 KB', large, [
    [1, 100],
    [16, 160],
    [64, 192],
  ]),
  ...cells('unary, 4 MB multimodal', multimodal, [
    [1, 8],
    [8, 16],
  ]),
  ...cells('stream, bursts', stream, [
    [1, 60],
    [16, 96],
    [64, 128],
  ]),
  ...cells('stream, bursts, usage not asked for', plainStream, [
    [1, 60],
    [16, 96],
  ]),
  ...cells(
    'stream, 10 ms apart',
    stream,
    [
      [1, 1],
      [16, 32],
      [64, 128],
    ],
    10,
  ),
]
export const FAST_CELLS: readonly Cell[] = [
  ...cells('unary, 1 KB', small, [[4, 40]]),
  ...cells('stream, bursts', stream, [[4, 8]]),
]

/** What one variant did in one round. */
export interface Sample {
  readonly cell: string
  readonly concurrency: number
  readonly round: number
  readonly variant: Variant
  readonly cpuMicrosPerRequest: number | undefined
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly firstByteMs: number
  readonly loadCpuMicrosPerRequest: number
}

const MODELS: Readonly<Record<Variant, string>> = {
  direct: 'gpt-4.1',
  native: 'gpt-4.1',
  bare: 'gpt-4.1',
  openai: 'gpt-4.1',
  gemini: 'gemini-2.5-flash',
}

export function requestOf({ body, gapMs }: Pick<Cell, 'body' | 'gapMs'>, variant: Variant): Uint8Array {
  return httpRequest(body.text(MODELS[variant] + (gapMs === undefined ? '' : `-paced${gapMs}`)))
}

/** Rounds within a cell, variants within a round, each round in another order: what disturbs one disturbs all. */
export async function measureCell(rig: Rig, cell: Cell, rounds: number): Promise<readonly Sample[]> {
  const requests = new Map(VARIANTS.map((variant) => [variant, requestOf(cell, variant)]))
  const samples: Sample[] = []
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < VARIANTS.length; i++) {
      const variant = VARIANTS[(i + Math.max(round, 0)) % VARIANTS.length] ?? 'direct'
      const request = requests.get(variant) ?? new Uint8Array()
      const sample = await measure(rig, cell, variant, request)
      if (round >= 0) samples.push({ ...sample, round }) // the first round warms up
    }
  }
  return samples
}

async function measure(
  rig: Rig,
  cell: Cell,
  variant: Variant,
  request: Uint8Array,
): Promise<Omit<Sample, 'round'>> {
  const { concurrency, requests } = cell
  const pid = rig.pid(variant)
  const before = pid === undefined ? 0 : cpuMicros(pid)
  const outcome = await rig.order({ kind: 'run', port: rig.port(variant), request, requests, concurrency })
  const used = pid === undefined ? undefined : cpuMicros(pid) - before
  check(cell, variant, outcome.tail)
  return {
    cell: cell.name,
    concurrency,
    variant,
    cpuMicrosPerRequest: used === undefined ? undefined : used / requests,
    requestsPerSecond: (requests / outcome.elapsedMs) * 1_000,
    p50Ms: outcome.p50Ms,
    p99Ms: outcome.p99Ms,
    firstByteMs: outcome.firstByteMs,
    loadCpuMicrosPerRequest: outcome.ownCpuMicros / requests,
  }
}

/** A fast wrong answer is no figure. */
function check({ body }: Cell, variant: Variant, tail: string): void {
  const whole = body.name.startsWith('stream') ? tail.includes('data: [DONE]') : tail.includes('}')
  if (!whole) throw new Error(`${variant} gave an incomplete answer to ${body.name}: …${tail}`)
}
