import { BUCKET_MS, DEMAND_HALF_LIFE_MS, EVIDENCE_MAX_AGE_MS } from './constants.ts'
import { mergeGates } from './gates.ts'
import { type LatencySums, mergeLatency, NO_LATENCY } from './latency.ts'
import { type IsolateState, localOf, NOTHING_PENDING, type Pending } from './isolate-state.ts'
import type { Delta, Report } from './wire.ts'

export type Tally = Partial<Pick<Delta, 'ok' | 'failed' | 'suppressed' | 'refused'>>

/** Adds to the bucket of this quarter of a second, target and epoch. */
export function tally(
  pending: Pending,
  of: { readonly target: string; readonly epoch: number },
  added: Tally,
  now: number,
): Pending {
  const at = Math.floor(now / BUCKET_MS) * BUCKET_MS
  const { deltas } = pending
  const index = deltas.findLastIndex((d) => d.at === at && d.target === of.target && d.epoch === of.epoch)
  const held = deltas[index]
  if (held) return { ...pending, deltas: deltas.with(index, sum(held, added)) }
  const delta = sum(
    { target: of.target, epoch: of.epoch, at, ok: 0, failed: 0, suppressed: 0, refused: 0 },
    added,
  )
  // An isolate that cannot report must not collect for ever.
  const recent = deltas.length > DELTAS_MAX ? deltas.filter((d) => d.at > now - EVIDENCE_MAX_AGE_MS) : deltas
  return { ...pending, deltas: [...recent, delta] }
}
const DELTAS_MAX = 2 * (EVIDENCE_MAX_AGE_MS / BUCKET_MS)

const sum = (held: Delta, { ok = 0, failed = 0, suppressed = 0, refused = 0 }: Tally): Delta => ({
  ...held,
  ok: held.ok + ok,
  failed: held.failed + failed,
  suppressed: held.suppressed + suppressed,
  refused: held.refused + refused,
})

export function reportOf(state: IsolateState, now: number): Report {
  const { deltas, latency, gates, done, want } = state.pending
  const wantPerS = Object.fromEntries(want.map((target) => [target, demandPerS(state, target)]))
  return { isolate: state.id, sentAt: now, deltas, latency, gates, held: state.running, done, want, wantPerS }
}

/** The mean rate of a Poisson stream whose decayed count this is; asked in the moment of a request. */
const demandPerS = (state: IsolateState, target: string): number =>
  (localOf(state, target).demand * Math.LN2 * 1_000) / DEMAND_HALF_LIFE_MS

/** Everything is under way now. */
export const handedOver = (state: IsolateState, now: number): IsolateState => ({
  ...state,
  pending: NOTHING_PENDING,
  reportedAt: now,
  unanswered: state.unanswered + 1,
})

/** A report that did not arrive: what still matters goes with the next one. */
export function takeBack(pending: Pending, report: Report, now: number): Pending {
  return {
    deltas: [...report.deltas.filter((d) => d.at > now - EVIDENCE_MAX_AGE_MS), ...pending.deltas],
    latency: mergeAll(pending.latency, report.latency),
    done: [...report.done, ...pending.done],
    want: pending.want,
    gates: mergeGates(report.gates, pending.gates),
  }
}

function mergeAll(a: Pending['latency'], b: Pending['latency']): Pending['latency'] {
  const merged: Record<string, LatencySums> = { ...a }
  for (const [id, sums] of Object.entries(b)) merged[id] = mergeLatency(merged[id] ?? NO_LATENCY, sums, 0)
  return merged
}
