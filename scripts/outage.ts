import { readFileSync, writeFileSync } from 'node:fs'
import { startGateway } from '../test/support/gateway.ts'

/**
 * `node scripts/outage.ts`: the fault scripts of the simulation against the running gateway, with two simulated
 * providers, real sockets and real time; writes the table in docs/resilience.md. One isolate, one object.
 */
const RATE_PER_S = 20
const FAULT_FROM_S = 15
const FAULT_TO_S = 45
const END_S = 80
/** The first limit that a silent provider meets here: the usual one is 20 s, until enough has been measured. */
const MODEL = 'gpt-4o-mini'
const PAGE = 'docs/resilience.md'
const MARKS = ['<!-- measured: begin -->', '<!-- measured: end -->'] as const

interface Fault {
  readonly name: string
  readonly directive: string
  readonly share: number
  readonly stream: boolean
}
const FAULTS: readonly Fault[] = [
  { name: 'hard outage (503)', directive: '{"openai":{"status":503}}', share: 1, stream: false },
  { name: 'hard outage (500)', directive: '{"openai":{"status":500}}', share: 1, stream: true },
  { name: 'connection refused', directive: '{"openai":{"drop":true}}', share: 1, stream: true },
  { name: 'fails before the first event', directive: '{"openai":{"errorAfter":0}}', share: 1, stream: true },
  { name: 'brown-out 30 %', directive: '{"openai":{"status":503}}', share: 0.3, stream: false },
]

interface Sent {
  readonly atS: number
  readonly ok: boolean
  readonly ms: number
}

async function run(fault: Fault): Promise<string> {
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
  const row = rowOf(
    fault,
    requests,
    atA.map(({ time }) => (time - startedAt) / 1_000),
    gateway.received.filter(({ method }) => method === 'POST').map(({ time }) => (time - startedAt) / 1_000),
  )
  await gateway.close()
  return row
}

async function send(
  origin: string,
  { directive, stream }: Fault,
  atS: number,
  faulty: boolean,
): Promise<Sent> {
  const content = `hello ${faulty ? `[[sim ${directive}]]` : ''}`
  const from = performance.now()
  try {
    const response = await fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
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

function rowOf(
  fault: Fault,
  requests: readonly Sent[],
  atA: readonly number[],
  all: readonly number[],
): string {
  const asked = requests.map(({ atS }) => atS)
  const amplification = (from: number, to: number): string =>
    (within(all, from, to) / Math.max(1, within(asked, from, to))).toFixed(2)
  const seconds = Array.from({ length: FAULT_TO_S - FAULT_FROM_S }, (_, i) => FAULT_FROM_S + i)
  const ejected = seconds.findIndex((s) => within(atA, s, FAULT_TO_S) < 0.05 * within(asked, s, FAULT_TO_S))
  const back = Array.from({ length: END_S - FAULT_TO_S }, (_, i) => i).find(
    (i) =>
      within(atA, FAULT_TO_S + i, FAULT_TO_S + i + 3) >=
      0.9 * within(asked, FAULT_TO_S + i, FAULT_TO_S + i + 3),
  )
  const waits = requests
    .filter(({ atS }) => atS >= FAULT_FROM_S && atS < FAULT_TO_S)
    .map(({ ms }) => ms)
    .sort((a, b) => a - b)
  const cells = [
    fault.name,
    within(asked, FAULT_FROM_S, FAULT_TO_S),
    within(atA, FAULT_FROM_S, FAULT_TO_S),
    within(atA, FAULT_FROM_S + 10, FAULT_TO_S),
    Math.max(...seconds.slice(10).map((s) => within(atA, s, s + 1))),
    ejected < 0 ? 'never' : ejected,
    back ?? 'not yet',
    `${amplification(FAULT_FROM_S, FAULT_FROM_S + 10)}; ${amplification(FAULT_FROM_S, FAULT_TO_S)}`,
    requests.filter(({ ok }) => !ok).length,
    Math.round(waits[Math.floor(waits.length * 0.99)] ?? 0),
  ]
  return `| ${cells.join(' | ')} |`
}

const HEAD =
  '| fault | requests in it | attempts at the ill provider | after 10 s | most in a second then | ejected after s | back at 90 % after s | amplification, first 10 s; whole | requests lost, of all | p99 in it, ms |\n|---|---|---|---|---|---|---|---|---|---|'
const rows: string[] = []
for (const fault of FAULTS) {
  const row = await run(fault)
  console.log(row)
  rows.push(row)
}
const page = readFileSync(PAGE, 'utf8')
const [before = ''] = page.split(MARKS[0])
const after = page.split(MARKS[1])[1] ?? ''
writeFileSync(PAGE, `${before}${MARKS[0]}\n\n${HEAD}\n${rows.join('\n')}\n\n${MARKS[1]}${after}`)
process.exit(0)
