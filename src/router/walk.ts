import type { Admission, Permit } from '../health/admit.ts'
import type { Gate } from '../health/gates.ts'
import { type LogNormal, median } from '../health/latency.ts'
import { type Failure, type FailureKind, FAILURES } from '../providers/failure.ts'
import type { Target } from '../providers/provider.ts'
import { leave, leaveAgain } from './leave.ts'
import { decide, type Decision, type Progress, type RetryPolicy } from './retry.ts'

/** A target in its place in the order: as much as the walk needs of it. */
export interface Place {
  readonly target: Target
  /** As what it is known to health. */
  readonly watched: Target
  /** The leave that planning got; undefined: it got none, and stands behind those that did. */
  readonly permit?: Permit | undefined
  /** Usual wait for the first event, where it has been measured. */
  readonly ttft: LogNormal | undefined
}

/** What health says at the moment of an event. */
export interface Sight {
  readonly admit: (target: string) => Admission
  readonly gate: (subject: Target) => Gate | undefined
  readonly mayRetry: (target: string) => boolean
  /** This isolate's failures in a row there. */
  readonly streak: (target: string) => number
}

/** The place whose turn it is, and the leave to try it. */
interface Turn<P extends Place> {
  readonly place: P
  readonly permit: Permit
  readonly gated: boolean
  /** Not for the first time. */
  readonly again: boolean
}

/** One request on its way from target to target. */
export interface Walk<P extends Place> {
  readonly policy: RetryPolicy
  /** Unix milliseconds. */
  readonly deadline: number
  readonly turn: Turn<P> | undefined
  /** Places that have not had their turn, in their order. */
  readonly queue: readonly P[]
  /** Places that stood back for another one when their gate shut; they do so once. */
  readonly yielded: readonly P[]
  readonly tried: readonly { readonly place: P; readonly kind: FailureKind }[]
}

export type WalkEvent = { readonly sight: Sight } & (
  | { readonly kind: 'begin' }
  /** The request has been made ready for the place, and the wait is over: the moment before the attempt. */
  | { readonly kind: 'ready' }
  /** The place cannot take this request, as it turned out. */
  | { readonly kind: 'unfit' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly tookMs: number }
)

export type WalkNext<P extends Place> =
  /** Make the request ready for this place, not before `afterMs`; then say `ready`. */
  | { readonly act: 'prepare'; readonly place: P; readonly afterMs: number; readonly again: boolean }
  /** Now. `others`: somebody else could be tried after it. */
  | { readonly act: 'try'; readonly place: P; readonly permit: Permit; readonly others: boolean }
  | {
      readonly act: 'stop'
      readonly why: Extract<Decision, { act: 'stop' }>['why']
      /** The soonest moment at which one of those without leave may have it. */
      readonly retryAfterMs: number | undefined
    }

export interface WalkStep<P extends Place> {
  readonly walk: Walk<P>
  readonly next: WalkNext<P>
}
type Random = () => number

export const newWalk = <P extends Place>(
  places: readonly P[],
  deadline: number,
  policy: RetryPolicy,
): Walk<P> => ({ policy, deadline, turn: undefined, queue: places, yielded: [], tried: [] })

/** The walk's reducer: whom to try next, after which wait, or that it is over. */
export function step<P extends Place>(
  walk: Walk<P>,
  event: WalkEvent,
  nowMs: number,
  random: Random,
): WalkStep<P> {
  const { sight } = event
  switch (event.kind) {
    case 'begin':
    case 'unfit':
      return onward(walk, sight)
    case 'ready':
      return onReady(walk, sight)
    case 'failed':
      return onFailed(walk, event, nowMs, random)
  }
}

/** The next in line. */
function onward<P extends Place>(walk: Walk<P>, sight: Sight): WalkStep<P> {
  const turn = choose(walk.queue, sight)
  return turn === undefined ? stopped(walk, 'exhausted', sight) : taken(walk, turn, 0)
}

function taken<P extends Place>(walk: Walk<P>, turn: Turn<P>, afterMs: number): WalkStep<P> {
  const { place, again } = turn
  const queue = again ? walk.queue : walk.queue.filter((other) => other !== place)
  return { walk: { ...walk, turn, queue }, next: { act: 'prepare', place, afterMs, again } }
}

function stopped<P extends Place>(
  walk: Walk<P>,
  why: Extract<Decision, { act: 'stop' }>['why'],
  sight: Sight,
): WalkStep<P> {
  const places = walk.turn === undefined ? walk.queue : [walk.turn.place, ...walk.queue]
  const waits = places.flatMap(({ watched }) => {
    const admission = sight.admit(watched.id)
    return admission.verdict === 'no' ? [admission.retryAfterMs] : []
  })
  const retryAfterMs = waits.length === 0 ? undefined : Math.min(...waits)
  return { walk: { ...walk, turn: undefined }, next: { act: 'stop', why, retryAfterMs } }
}

/**
 * The first with leave and no shut gate. A gate spares a request a vain attempt while there is somewhere else to go;
 * with nowhere to go the upstream is the judge, at the gate that opens first.
 */
function choose<P extends Place>(queue: readonly P[], sight: Sight): Turn<P> | undefined {
  let soonest: { readonly turn: Turn<P>; readonly until: number } | undefined
  for (const place of queue) {
    const permit = leave(place.permit, sight.admit(place.watched.id))
    if (permit === undefined) continue
    const gate = sight.gate(place.watched)
    const turn = { place, permit, gated: gate !== undefined, again: false }
    if (gate === undefined) return turn
    if (soonest === undefined || gate.until < soonest.until) soonest = { turn, until: gate.until }
  }
  return soonest?.turn
}

/**
 * A target on its way back serves a share of the requests, drawn by lot. Where all else has failed it is asked beyond
 * that, as far as a panic may: no request is lost that it could serve, and no outage of the others runs it over.
 */
function lastResort<P extends Place>(queue: readonly P[], sight: Sight, random: Random): Turn<P> | undefined {
  for (const place of queue) {
    const admission = sight.admit(place.watched.id)
    if (admission.verdict !== 'no' || admission.why !== 'ramp') continue
    if (sight.gate(place.watched) !== undefined || random() >= admission.panicShare) continue
    return { place, permit: admission.panicPermit, gated: false, again: false }
  }
  return undefined
}

function onReady<P extends Place>(walk: Walk<P>, sight: Sight): WalkStep<P> {
  const { turn, yielded } = walk
  if (turn === undefined) return onward(walk, sight)
  const { place, again } = turn
  const admission = sight.admit(place.watched.id)
  const permit = again ? leaveAgain(turn.permit, admission) : leave(turn.permit, admission)
  if (permit === undefined) return onward(walk, sight)
  const other = choose(walk.queue, sight)
  if (other?.gated === false && !yielded.includes(place) && isGated(walk, turn, sight))
    return taken({ ...walk, queue: [...walk.queue, place], yielded: [...yielded, place] }, other, 0)
  const next = { act: 'try', place, permit, others: other !== undefined } as const
  return { walk: { ...walk, turn: { ...turn, permit } }, next }
}

/** The gate that the failure before a retry has shut itself is what was waited for. */
function isGated<P extends Place>({ tried }: Walk<P>, { place, again }: Turn<P>, sight: Sight): boolean {
  const gate = sight.gate(place.watched)
  return gate !== undefined && !(again && gate.reason === tried.at(-1)?.kind)
}

function onFailed<P extends Place>(
  walk: Walk<P>,
  { failure, tookMs, sight }: Extract<WalkEvent, { kind: 'failed' }>,
  nowMs: number,
  random: Random,
): WalkStep<P> {
  const { turn } = walk
  if (turn === undefined) return onward(walk, sight)
  const tried = [...walk.tried, { place: turn.place, kind: failure.kind }]
  const queue = FAILURES[failure.kind].health > 0 ? othersFirst(walk.queue, turn.place) : walk.queue
  const after = { ...walk, tried, queue }
  const other = choose(queue, sight) ?? lastResort(queue, sight, random)
  const progress = progressOf(after, { turn, other, tookMs, nowMs, sight })
  const decision = decide(failure, progress, walk.policy, random)
  if (decision.act === 'stop') return stopped(after, decision.why, sight)
  if (decision.act === 'retry') return taken(after, { ...turn, again: true }, decision.afterMs)
  return other === undefined ? stopped(after, 'exhausted', sight) : taken(after, other, decision.afterMs)
}

/** A target that is ill is so with every key: its other keys wait until nobody else is left. */
function othersFirst<P extends Place>(queue: readonly P[], { watched: ill }: P): readonly P[] {
  const isIll = ({ watched }: P): boolean => watched.id === ill.id
  return [...queue.filter((place) => !isIll(place)), ...queue.filter(isIll)]
}

function progressOf<P extends Place>(
  { tried, deadline }: Walk<P>,
  about: {
    readonly turn: Turn<P>
    readonly other: Turn<P> | undefined
    readonly tookMs: number
    readonly nowMs: number
    readonly sight: Sight
  },
): Progress {
  const { turn, other, tookMs, nowMs, sight } = about
  const { place, permit } = turn
  const { id } = place.watched
  const kind = tried.at(-1)?.kind
  return {
    attempts: tried.length,
    onThisTarget: tried.length - (tried.findLastIndex((each) => each.place !== place) + 1),
    tookMs,
    remainingMs: deadline - nowMs,
    streak: sight.streak(id),
    retryAllowed: leaveAgain(permit, sight.admit(id)) !== undefined && sight.mayRetry(id),
    elsewhere: other !== undefined,
    p50Ms: usualMs(place),
    nextP50Ms: other === undefined ? 0 : usualMs(other.place),
    sameElsewhere: tried.some((each) => each.place.target.id !== place.target.id && each.kind === kind),
  }
}

/** Milliseconds that a target usually takes to its first event; 0 where nothing is known. */
const usualMs = ({ ttft }: Place): number => (ttft === undefined ? 0 : median(ttft))
