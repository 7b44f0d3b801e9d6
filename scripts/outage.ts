import { readFileSync, writeFileSync } from 'node:fs'
import { startGateway } from '../test/support/gateway.ts'

/**
 * `node scripts/outage.ts`: the fault scripts of the simulation against the running gateway, with two simulated
 * providers, real sockets and real time; writes the table in docs/resilience.md. One isolate, one object.
 */
const RATE_PER_S = 20
/** A rate is known after 36 s; an outage is measured over a minute. */
const FAULT_FROM_S = 45
const FAULT_TO_S = 105
const END_S = 140
const MODEL = 'gpt-4o-mini'
const PAGE = 'docs/resilience.md'
const MARKS = ['<!-- measured: begin -->', '<!-- measured: end -->'] as const

interface Fault {
  readonly name: string
  readonly directive: string
  readonly share: number
  readonly stream: boolean
  /** The caller's limit for the whole request. A whole answer gets 60 % of it while there is another target. */
  readonly timeoutMs?: number
}
const FAULTS: readonly Fault[] = [
  { name: 'hard outage (503)', directive: '{"openai":{"status":503}}', share: 1, stream: false },
  { name: 'hard outage (500)', directive: '{"openai":{"status":500}}', share: 1, stream: true },
  { name: 'connection refused', directive: '{"openai":{"drop":true}}', share: 1, stream: true },
  { name: 'fails before the first event', directive: '{"openai":{"errorAfter":0}}', share: 1, stream: true },
  {
    name: 'black hole (given up after 4.2 s)',
    directive: '{"openai":{"latencyMs":60000}}',
    share: 1,
    stream: false,
    timeoutMs: 7_000,
  },
  { name: 'brown-out 30 %', directive: '{"openai":{"status":503}}', share: 0.3, stream: false },
]

interface Sent {
  readonly atS: number
  readonly ok: boolean
  readonly ms: number
}

async function run(fault: Fault): Promise<Measured> {
  const gateway = await startGateway({
    variables: { GATEWAY_FAILOVER: 'equivalents' },
    simulator: { recordLimit: 20_000 },
  })
  const startedAt = Date.now()
  const sent: Promise<Sent>[] = []
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const atS = (Date.now() - startedAt) / 1_000
      if (atS >= END_S) {
        clearInterval(timer)
        resolve()
        return
      }
      const faulty = atS >= FAULT_FROM_S && atS < FAULT_TO_S && Math.random() < fault.share
      sent.push(send(gateway.origin, fault, atS, faulty))
    }, 1_000 / RATE_PER_S)
  })
  const requests = await Promise.all(sent)
  const atA = gateway.received.filter(({ provider, method }) => provider === 'openai' && method === 'POST')
  const measured = measure(
    requests,
    atA.map(({ time }) => (time - startedAt) / 1_000),
    gateway.received.filter(({ method }) => method === 'POST').map(({ time }) => (time - startedAt) / 1_000),
  )
  await gateway.close()
  return measured
}

async function send(
  origin: string,
  { directive, stream, timeoutMs }: Fault,
  atS: number,
  faulty: boolean,
): Promise<Sent> {
  const content = `hello ${faulty ? `[[sim ${directive}]]` : ''}`
  const from = performance.now()
  try {
    const response = await fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(timeoutMs !== undefined && { 'x-gateway-timeout-ms': String(timeoutMs) }),
      },
      body: JSON.stringify({ model: MODEL, stream, messages: [{ role: 'user', content }] }),
      signal: AbortSignal.timeout(30_000),
    })
    const text = await response.text()
    return { atS, ok: response.ok && !text.includes('"error"'), ms: performance.now() - from }
  } catch {
    return { atS, ok: false, ms: performance.now() - from }
  }
}

const within = (times: readonly number[], from: number, to: number): number =>
  times.filter((t) => t >= from && t < to).length

interface Measured {
  readonly requests: number
  readonly wasted: number
  readonly late: number
  readonly herd: number
  /** Undefined: never, or not within the run. */
  readonly ejectS: number | undefined
  /** For five seconds on end. */
  readonly firstEjectS: number | undefined
  readonly backS: number | undefined
  readonly amplification10: number
  readonly amplification: number
  readonly lost: number
  readonly p99Ms: number
  /** Before the fault, first attempts that did not go to the provider which is well. */
  readonly strayed: number
}

function measure(requests: readonly Sent[], atA: readonly number[], all: readonly number[]): Measured {
  const asked = requests.map(({ atS }) => atS)
  const amplification = (from: number, to: number): number =>
    within(all, from, to) / Math.max(1, within(asked, from, to))
  const seconds = Array.from({ length: FAULT_TO_S - FAULT_FROM_S }, (_, i) => FAULT_FROM_S + i)
  const isOut = (from: number, to: number): boolean => within(atA, from, to) < 0.05 * within(asked, from, to)
  const ejected = seconds.findIndex((s) => isOut(s, FAULT_TO_S))
  const first = seconds.findIndex((s) => isOut(s, s + 5))
  const back = Array.from({ length: END_S - FAULT_TO_S }, (_, i) => i).find(
    (i) =>
      within(atA, FAULT_TO_S + i, FAULT_TO_S + i + 3) >=
      0.9 * within(asked, FAULT_TO_S + i, FAULT_TO_S + i + 3),
  )
  const waits = requests
    .filter(({ atS }) => atS >= FAULT_FROM_S && atS < FAULT_TO_S)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  return {
    requests: within(asked, FAULT_FROM_S, FAULT_TO_S),
    wasted: within(atA, FAULT_FROM_S, FAULT_TO_S),
    late: within(atA, FAULT_FROM_S + 10, FAULT_TO_S),
    herd: Math.max(...seconds.slice(10).map((s) => within(atA, s, s + 1))),
    ejectS: ejected < 0 ? undefined : ejected,
    firstEjectS: first < 0 ? undefined : first,
    backS: back,
    amplification10: amplification(FAULT_FROM_S, FAULT_FROM_S + 10),
    amplification: amplification(FAULT_FROM_S, FAULT_TO_S),
    lost: requests.filter(({ ok }) => !ok).length,
    p99Ms: Math.round(waits[Math.floor(waits.length * 0.99)] ?? 0),
    strayed: within(all, 0, FAULT_FROM_S) - within(atA, 0, FAULT_FROM_S),
  }
}

/** Everything fails at once. */
const HARD = /^(?:hard|connection|fails)/
const BLACK_HOLE = /^black/
const OUT = /^(?!brown)/

/** The rows of the plan's table of targets (docs/resilience-simulation.md has them for a fleet), and what one isolate shows of them. */
const TARGETS: readonly {
  readonly metric: string
  readonly target: string
  readonly of: (runs: ReadonlyMap<string, Measured>) => string
}[] = [
  {
    metric: 'error amplification, hard, first 10 s',
    target: '≤ 1.25',
    of: worst((m) => m.amplification10, HARD),
  },
  {
    metric: 'error amplification, hard, whole outage',
    target: '≤ 1.05',
    of: worst((m) => m.amplification, HARD),
  },
  { metric: 'time to eject, hard (s)', target: '≤ 5', of: worst((m) => m.ejectS, HARD) },
  { metric: 'time to eject, black hole (s)', target: '≤ 8', of: worst((m) => m.ejectS, BLACK_HOLE) },
  {
    metric: 'time to first eject, 30 % brown-out (s)',
    target: '≤ 10',
    of: worst((m) => m.firstEjectS, /^brown/),
  },
  { metric: 'wasted attempts, hard', target: '≤ 2,500 at 1,000/s', of: worst((m) => m.wasted, HARD) },
  { metric: 'trial herd, hard and black hole (attempts/s)', target: '≤ 5', of: worst((m) => m.herd, OUT) },
  { metric: 'time to recover, hard and black hole (s)', target: '≤ 25', of: worst((m) => m.backS, OUT) },
  { metric: 'recovery damage (failures in 60 s)', target: '≤ 2,000 at 1,000/s', of: () => SIMULATED },
  { metric: 'low volume, hard: attempts', target: '≤ 100', of: worst((m) => m.wasted, HARD) },
  { metric: 'low volume, hard: time to eject (s)', target: '≤ 12', of: worst((m) => m.ejectS, HARD) },
  { metric: 'false opens: requests that went elsewhere before', target: '0', of: worst((m) => m.strayed) },
  { metric: 'added latency of the health look-up, p50; p99 (ms)', target: '0; ≤ 100', of: () => SIMULATED },
  { metric: 'object load, steady; peak (calls/s)', target: '≤ 200; ≤ 1,000', of: () => SIMULATED },
  { metric: 'user errors with a healthy alternative', target: '0', of: worst((m) => m.lost) },
  { metric: 'user errors, object down', target: '0', of: () => SIMULATED },
]
const SIMULATED = 'simulated only'

/** Of all faults, or of those that are meant. */
function worst(value: (m: Measured) => number | undefined, which = /^/) {
  return (runs: ReadonlyMap<string, Measured>): string => {
    const values = [...runs].filter(([name]) => which.test(name)).map(([, measured]) => value(measured))
    const numbers = values.filter((each) => each !== undefined)
    return numbers.length < values.length ? 'never' : String(Number(Math.max(...numbers).toFixed(2)))
  }
}

const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const HEAD = [
  'fault',
  'requests in it',
  'attempts at the ill provider',
  'after 10 s',
  'most in a second then',
  'ejected after s',
  'back at 90 % after s',
  'amplification, first 10 s; whole',
  'requests lost, of all',
  'p99 in it, ms',
]
const rowOf = (name: string, m: Measured): readonly (string | number)[] => [
  name,
  m.requests,
  m.wasted,
  m.late,
  m.herd,
  m.ejectS ?? 'never',
  m.backS ?? 'not yet',
  `${m.amplification10.toFixed(2)}; ${m.amplification.toFixed(2)}`,
  m.lost,
  m.p99Ms,
]

const runs = new Map<string, Measured>()
for (const fault of FAULTS) {
  const measured = await run(fault)
  console.log(rowOf(fault.name, measured).join(' | '))
  runs.set(fault.name, measured)
}
const targets = table(
  ['metric', 'target', 'measured, the worst'],
  TARGETS.map(({ metric, target, of }) => [metric, target, of(runs)]),
)
const faults = table(
  HEAD,
  [...runs].map(([name, measured]) => rowOf(name, measured)),
)
console.log(targets)
const page = readFileSync(PAGE, 'utf8')
const [before = ''] = page.split(MARKS[0])
const after = page.split(MARKS[1])[1] ?? ''
writeFileSync(PAGE, `${before}${MARKS[0]}\n\n${targets}\n\n${faults}\n\n${MARKS[1]}${after}`)
process.exit(0)
