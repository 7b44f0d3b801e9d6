import type { FailureKind } from '../../src/providers/failure.ts'
import { type Answer, type Asked, FAULT_FROM_S, FAULT_TO_S, type Script } from './script.ts'

const during = (t: number, from = FAULT_FROM_S, to = FAULT_TO_S): boolean => t >= from && t < to
const quickly = (asked: Asked, failure: FailureKind): Answer => ({
  failure,
  afterMs: 20 + 80 * asked.random(),
})

/** Target A fails in one way while the fault lasts. */
const fails = (
  answer: (asked: Asked, usual: number) => Answer | undefined,
): NonNullable<Script['upstream']> => {
  return (target, asked, usual) => (target === 'a/m' && during(asked.t) ? answer(asked, usual) : undefined)
}
const brownOut = (share: number): NonNullable<Script['upstream']> =>
  fails((asked) => (asked.random() < share ? quickly(asked, 'bad_gateway') : undefined))
const flapping = (halfS: number): NonNullable<Script['upstream']> =>
  fails((asked) => (Math.floor(asked.t / halfS) % 2 === 0 ? quickly(asked, 'overloaded') : undefined))

export const SCRIPTS: readonly Script[] = [
  { name: 'calm', what: 'no fault, 2 % background failures', background: 0.02 },
  {
    name: 'hard-503',
    what: 'every answer of A is 503',
    upstream: fails((asked) => quickly(asked, 'overloaded')),
  },
  {
    name: 'hard-500',
    what: 'every answer of A is 500 (a kind that may be retried)',
    upstream: fails((asked) => quickly(asked, 'server_error')),
  },
  {
    name: 'network',
    what: 'A cannot be connected to',
    upstream: fails((asked) => quickly(asked, 'network')),
    check: (p, t) => (p === 'a' && during(t) ? 'failed' : 'ok'),
  },
  { name: 'black-hole', what: 'A never answers', upstream: fails(() => ({ afterMs: Infinity })) },
  {
    name: 'slow',
    what: 'A takes ten times as long to its first event',
    upstream: fails((_, usual) => ({ afterMs: usual * 10 })),
  },
  { name: 'brown-out-5', what: '5 % of A fail', upstream: brownOut(0.05) },
  { name: 'brown-out-10', what: '10 % of A fail', upstream: brownOut(0.1) },
  { name: 'brown-out-30', what: '30 % of A fail', upstream: brownOut(0.3) },
  { name: 'brown-out-60', what: '60 % of A fail', upstream: brownOut(0.6) },
  { name: 'flapping-1', what: 'A fails every other second', upstream: flapping(1) },
  { name: 'flapping-5', what: 'A fails 5 s, works 5 s', upstream: flapping(5) },
  { name: 'flapping-30', what: 'A fails 30 s, works 30 s', upstream: flapping(30) },
  {
    name: 'partial-model',
    what: 'one of two models of A fails; half of the requests want the other',
    routes: [
      ['a/m', 'b/m'],
      ['a/n', 'b/m'],
    ],
    upstream: fails((asked) => quickly(asked, 'overloaded')),
  },
  {
    name: 'credential-401',
    what: "A refuses the gateway's key",
    upstream: fails((asked) => quickly(asked, 'bad_credential')),
    check: (p, t) => (p === 'a' && during(t) ? 'refused' : 'ok'),
  },
  {
    name: '429-retry-after',
    what: 'A answers 429 with Retry-After 5 s above 300 requests/s',
    upstream: fails((asked) =>
      asked.perS > 300 * scale() ? { ...quickly(asked, 'rate_limited'), retryAfterMs: 5_000 } : undefined,
    ),
  },
  {
    name: '429-silent',
    what: 'every answer of A is 429 without Retry-After',
    upstream: fails((asked) => quickly(asked, 'rate_limited')),
  },
  {
    name: 'slow-down',
    what: 'A is out, and B answers slow_down while its traffic doubles within a second',
    hopeless: true,
    upstream: (target, asked) => {
      if (!during(asked.t)) return undefined
      if (target === 'a/m') return quickly(asked, 'overloaded')
      return asked.perS > 50 && asked.perS > 2 * asked.perSBefore && asked.random() < 0.05
        ? { ...quickly(asked, 'slow_down'), retryAfterMs: 1_000 }
        : undefined
    },
  },
  {
    name: 'daily-quota',
    what: "A's quota of the day is spent",
    upstream: fails((asked) => quickly(asked, 'quota_exhausted')),
    lasting: ['a/m'],
  },
  {
    name: 'cut-short',
    what: "A's streams break 500 ms after their first event",
    hopeless: true,
    upstream: fails((_, usual) => ({ afterMs: usual, breaksAfterMs: 500 })),
  },
  {
    name: 'stall',
    what: "A's streams stall after their first event, noticed 10 s later",
    hopeless: true,
    upstream: fails((_, usual) => ({ afterMs: usual, breaksAfterMs: 10_000 })),
  },
  {
    name: 'late-news',
    what: 'streams started in 15 s of illness stall and are given up 20 s later, when A is well again',
    hopeless: true,
    upstream: (target, asked, usual) =>
      target === 'a/m' && during(asked.t, 100, 115) ? { afterMs: usual, breaksAfterMs: 20_000 } : undefined,
    endS: 200,
  },
  { name: 'garbage', what: 'A answers 200 with HTML', upstream: fails((asked) => quickly(asked, 'garbled')) },
  {
    name: 'empty',
    what: 'A answers 200 with nothing in it',
    upstream: fails((_, usual) => ({ failure: 'empty', afterMs: usual })),
  },
  {
    name: 'capacity-return',
    what: 'hard outage, then A returns with a fifth of the traffic and grows by a fiftieth a second',
    upstream: (target, asked) => {
      if (target !== 'a/m' || asked.t < FAULT_FROM_S) return undefined
      if (asked.t < FAULT_TO_S) return quickly(asked, 'overloaded')
      const capacity = (200 + 20 * (asked.t - FAULT_TO_S)) * scale()
      return asked.perS > capacity ? quickly(asked, 'overloaded') : undefined
    },
    endS: 260,
  },
  {
    name: 'both-down',
    what: 'A and B are out together',
    hopeless: true,
    upstream: (_, asked) => (during(asked.t) ? quickly(asked, 'overloaded') : undefined),
  },
  {
    name: 'object-down',
    what: 'hard outage of A while the health object cannot be reached',
    background: 0,
    objectDown: (t) => during(t, 50, 130),
    upstream: fails((asked) => quickly(asked, 'overloaded')),
  },
  {
    name: 'object-restarts',
    what: 'hard outage of A; the object is replaced before, in and after it, each time with a twin that answers on',
    restarts: [58, 63, 90, 124],
    upstream: fails((asked) => quickly(asked, 'overloaded')),
  },
  {
    name: 'one-isolate-bad',
    what: "one isolate's every attempt at A fails, for good",
    upstream: (target, asked) =>
      target === 'a/m' && asked.isolate === 7 && asked.t > 45 ? quickly(asked, 'network') : undefined,
  },
  {
    name: 'one-colo-bad',
    what: 'A cannot be reached from a tenth of the isolates',
    upstream: fails((asked) => (asked.place < 0.1 ? quickly(asked, 'network') : undefined)),
  },
  {
    name: 'clock-jump',
    what: 'hard outage while a third of the clocks jump 30 s ahead, a third 30 s back, and the object once each',
    clock: (t, place) => (during(t, 70, 100) ? (place < 0.33 ? 30_000 : place < 0.66 ? -30_000 : 0) : 0),
    objectClock: (t) => (during(t, 80, 90) ? 30_000 : 0),
    upstream: fails((asked) => quickly(asked, 'overloaded')),
  },
  {
    name: 'cold-start',
    what: 'all isolates are born within a second, in the middle of an outage of A',
    coldStart: true,
    upstream: (target, asked) =>
      target === 'a/m' && asked.t < 60 ? quickly(asked, 'overloaded') : undefined,
  },
  {
    name: 'cold-start-healthy',
    what: 'all isolates are born within a second, 2 % background failures',
    coldStart: true,
    background: 0.02,
  },
  {
    name: 'price-change',
    what: 'the cheaper of two targets is four times as dear for a minute; isolates hear of a price within 10 s',
    priceNano: (target, t, place) =>
      target === 'a/m' && during(t - 10 * place) ? 4_000 : target === 'a/m' ? 250 : 1_000,
  },
  {
    name: 'spill',
    what: 'hard outage of A; B fails whatever exceeds half of the traffic, and a cap is configured',
    hopeless: true,
    spillFloorPerS: { 'b/m': 400 },
    upstream: (target, asked) => {
      if (!during(asked.t)) return undefined
      if (target === 'a/m') return quickly(asked, 'overloaded')
      return asked.perS > 500 * scale() ? quickly(asked, 'overloaded') : undefined
    },
  },
]

/** Scripts speak of 1,000 requests/s; smaller fleets scale. Set by the world. */
let fleetPerS = 1_000
export const setScale = (perS: number): void => {
  fleetPerS = perS
}
const scale = (): number => fleetPerS / 1_000

export const scriptNamed = (name: string): Script => {
  const found = SCRIPTS.find((script) => script.name === name)
  if (!found)
    throw new Error(`No script is called ${name}. There are: ${SCRIPTS.map((s) => s.name).join(', ')}`)
  return found
}
