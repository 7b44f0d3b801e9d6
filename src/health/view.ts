import type { Chance } from '../lib/chance.ts'
import type { Timers } from '../lib/clock.ts'
import { inTime, within } from '../lib/within.ts'
import { type Admission, admit, mayRetry } from './admit.ts'
import { FIRST_COPY_WAIT_MS } from './constants.ts'
import { type Gate, gateFor, type Subject } from './gates.ts'
import { gatesOf } from './isolate-absorb.ts'
import { shouldWait } from './isolate-send.ts'
import { type IsolateState, localOf, newIsolate, viewOfTarget } from './isolate-state.ts'
import { type IsolateEvent, step } from './isolate.ts'
import { timeAt } from './steady.ts'
import type { Reply, Report, TargetView } from './wire.ts'

/** This isolate's copy of the fleet's health: reads are synchronous, everything sent goes behind the response. */
export interface HealthView {
  readonly admit: (target: string) => Admission
  readonly gate: (subject: Subject) => Gate | undefined
  /** What the object last said of a target; undefined: nothing usable. */
  view(target: string): TargetView | undefined
  /** Whether the budgets allow this target once more, and this isolate's failures in a row there. */
  readonly mayRetry: (target: string) => boolean
  readonly streak: (target: string) => number
  record(event: HealthEvent): void
  /** Sends what is due; call after recording, once an answer is under way. */
  flush(defer: Defer): void
  /** Resolves at once, except where there is no copy or an old one: then after its answer, at most 150 ms later. */
  ready(defer: Defer): Promise<void>
}
export type HealthEvent = Exclude<IsolateEvent, { kind: 'reply' | 'lost' }>
export type Defer = (work: Promise<unknown>) => void

export interface HealthPorts {
  /** A fresh stub for every call: one that has thrown stays broken. */
  readonly object: () => { report(report: Report): Promise<Reply> }
  readonly chance: Chance
  readonly timers: Timers
  readonly id: string
}

/** An answer that takes longer is none. The request that sent it is over by then, its deferred work is not. */
const REPORT_LIMIT_MS = 5_000

export function healthView({ object, chance, timers, id }: HealthPorts): HealthView {
  const random = (): number => chance.random()
  let state: IsolateState = newIsolate(id, chance.now())
  /** Reports that nobody carries yet. Plain data: a promise of one request must not be awaited by another. */
  let outbox: readonly Report[] = []

  function tell(event: IsolateEvent): void {
    const next = step(state, event, chance.now(), random)
    state = next.state
    if (next.report) outbox = [...outbox, next.report]
  }
  async function send(report: Report): Promise<void> {
    try {
      const reply = await inTime(
        timers,
        REPORT_LIMIT_MS,
        object().report(report),
        () => new Error('too late'),
      )
      tell({ kind: 'reply', reply, report })
    } catch {
      tell({ kind: 'lost', report })
    }
  }
  function flush(defer: Defer): readonly Promise<void>[] {
    const sending = outbox.map(send)
    outbox = []
    for (const work of sending) defer(work)
    return sending
  }
  return {
    admit: (target) => admit(state, target, chance.now(), random),
    gate: (subject) => gateFor(gatesOf(state, chance.now()), subject, timeAt(state.clock, chance.now())),
    view: (target) => viewOfTarget(state, target, timeAt(state.clock, chance.now())),
    mayRetry: (target) => mayRetry(state, target, chance.now(), random),
    streak: (target) => localOf(state, target).breaker.streak,
    record: tell,
    flush: (defer) => void flush(defer),
    async ready(defer) {
      if (!shouldWait(state, chance.now())) return
      tell({ kind: 'planned', suppressed: [], wanted: [], refused: [] })
      await within(timers, FIRST_COPY_WAIT_MS, Promise.all(flush(defer)))
    },
  }
}
