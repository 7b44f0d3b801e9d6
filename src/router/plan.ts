import type { Permit } from '../health/admit.ts'
import type { Feature } from '../protocol/endpoint.ts'
import type { Candidate, Scored, Strategy, StrategyContext } from './candidate.ts'
import { sticky } from './strategies/sticky.ts'

export interface PlanInput {
  readonly candidates: readonly Candidate[]
  readonly needs: ReadonlySet<Feature>
  /** Ceiling for this request, nano-dollars. */
  readonly maxCostNano?: number | undefined
  /** Whom to keep together at one provider's prompt cache; absent: no affinity. */
  readonly affinity?: { readonly key: string; readonly comparable: boolean } | undefined
}

/** Why a candidate is not in the order. */
export type Dropped =
  | 'endpoint'
  | 'capability'
  | 'context'
  | 'price'
  | 'gate'
  | 'open'
  | 'local'
  | 'ramp'
  | 'spill'

export interface Planned extends Scored {
  readonly permit: Permit
}

export interface Plan {
  /** `panic`: health was ignored; `refused`: it was not, this time; `none`: nobody may serve this request at all. */
  readonly outcome: 'ok' | 'panic' | 'refused' | 'none'
  readonly order: readonly Planned[]
  /** Those that have no leave now, in their order, the gated last: who may be tried if they have it when it is needed. */
  readonly reserve: readonly Scored[]
  readonly dropped: readonly { readonly id: string; readonly why: Dropped; readonly detail?: string }[]
  /** For the health view: what this isolate's own breaker withheld, who needs a lease, whom a panic refused. */
  readonly suppressed: readonly string[]
  readonly wanted: readonly string[]
  readonly refused: readonly string[]
  /** The soonest moment at which one of the dropped may be back. */
  readonly retryAfterMs: number | undefined
}

/** A prompt estimate is a guess; only what is plainly too long is refused here. */
const CONTEXT_SLACK = 1.05

interface Filter {
  readonly why: Dropped
  readonly stops: (candidate: Candidate, input: PlanInput, context: StrategyContext) => boolean
}
/** Policy, never relaxed. */
const FILTERS: readonly Filter[] = [
  { why: 'endpoint', stops: (c) => !c.serves },
  {
    why: 'capability',
    stops: (c, input) => [...input.needs].some((need) => c.features?.has(need) === false),
  },
  {
    why: 'context',
    stops: (c, _, context) =>
      c.contextTokens !== undefined && context.promptTokens > c.contextTokens * CONTEXT_SLACK,
  },
  {
    why: 'price',
    stops: (c, input) => input.maxCostNano !== undefined && (c.costNano ?? Infinity) > input.maxCostNano,
  },
]

/** Filters, gates, then the strategy's order within each tier of priority. Filters are never relaxed. */
export function plan(input: PlanInput, strategy: Strategy, context: StrategyContext): Plan {
  const dropped: { id: string; why: Dropped; detail?: string }[] = []
  const eligible = input.candidates.filter((candidate) => {
    const filter = FILTERS.find((f) => f.stops(candidate, input, context))
    if (filter) dropped.push({ id: candidate.id, why: filter.why })
    return !filter
  })
  const gated = eligible.filter(({ gate }) => gate !== undefined)
  for (const { id, gate } of gated) dropped.push({ id, why: 'gate', ...(gate && { detail: gate.reason }) })
  const open = eligible.filter(({ gate }) => gate === undefined)
  const behind = soonest(gated)
  const ranked = open.length > 0 ? rank(open, input, strategy, context) : behind
  for (const c of ranked) if (c.admission.verdict === 'no') dropped.push({ id: c.id, why: c.admission.why })
  const admitted = admittedOf(ranked)
  const order = admitted.length > 0 ? admitted : admittedOf(behind)
  const withheld = {
    reserve: restOf(open.length > 0 ? [...ranked, ...behind] : behind, order),
    dropped,
    ...concernsOf(ranked),
    retryAfterMs: backAfterMs(ranked),
  }
  if (order.length > 0) return { outcome: 'ok', order: leasedFirst(order), ...withheld, refused: [] }
  return panic(ranked, withheld, context)
}

const restOf = (all: readonly Scored[], order: readonly Planned[]): readonly Scored[] =>
  order.length === all.length ? [] : all.filter(({ id }) => order.every((each) => each.id !== id))

const admittedOf = (ranked: readonly Scored[]): readonly Planned[] =>
  ranked.flatMap((c) => (c.admission.verdict === 'no' ? [] : [{ ...c, permit: c.admission.permit }]))

/**
 * A gate spares a request a vain attempt while there is somewhere else to go; with nowhere to go the upstream is the
 * judge, and the first that works again is seen at once.
 */
function soonest(gated: readonly Candidate[]): readonly Scored[] {
  const byWait = gated.toSorted((a, b) => (a.gate?.until ?? 0) - (b.gate?.until ?? 0))
  return byWait.map((candidate) => ({ ...candidate, score: 0 }))
}

function rank(
  open: readonly Candidate[],
  input: PlanInput,
  strategy: Strategy,
  context: StrategyContext,
): readonly Scored[] {
  const inTier = (candidates: readonly Candidate[]): readonly Scored[] => {
    const ordered = strategy(candidates, context)
    return input.affinity ? sticky(ordered, input.affinity.key, input.affinity.comparable) : ordered
  }
  const [first] = open
  if (open.every(({ priority }) => priority === first?.priority)) return inTier(open)
  const tiers = [...new Set(open.map((c) => c.priority))].sort((a, b) => a - b)
  return tiers.flatMap((tier) => inTier(open.filter((c) => c.priority === tier)))
}

/** A probe is only a probe if it is tried, so it goes first; there is a fallback behind it. */
const leasedFirst = (order: readonly Planned[]): readonly Planned[] =>
  order.length < 2 ? order : [...order.filter((p) => p.permit.lease), ...order.filter((p) => !p.permit.lease)]

/**
 * A target that stood before the first admitted one would have had this request. One that is open and stands behind
 * is wanted all the same: without a trial now and then it would stay open until it is needed.
 */
function concernsOf(ranked: readonly Scored[]): Pick<Plan, 'suppressed' | 'wanted'> {
  const first = ranked.findIndex((c) => c.admission.verdict !== 'no')
  const blocked = (among: readonly Scored[], why: string): readonly string[] =>
    among.flatMap((c) => (c.admission.verdict === 'no' && c.admission.why === why ? [c.target.id] : []))
  return {
    suppressed: blocked(first < 0 ? ranked : ranked.slice(0, first), 'local'),
    wanted: blocked(ranked, 'open'),
  }
}

function backAfterMs(ranked: readonly Scored[]): number | undefined {
  const waits = ranked.flatMap((c) => (c.admission.verdict === 'no' ? [c.admission.retryAfterMs] : []))
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/** Everything is red: let some of the requests try the target that fails least, and answer the rest at once. */
function panic(
  ranked: readonly Scored[],
  withheld: Omit<Plan, 'outcome' | 'order' | 'refused'>,
  context: StrategyContext,
): Plan {
  const red = ranked.flatMap((c) =>
    c.admission.verdict === 'no' ? [{ candidate: c, refusal: c.admission }] : [],
  )
  // One of them is well and full: what it cannot take is nobody's, least of all an ill target's.
  const full = red.find(({ refusal }) => refusal.why === 'spill')
  if (full) return { ...withheld, outcome: 'refused', order: [], refused: [full.candidate.target.id] }
  const [first, ...others] = red
  if (first === undefined) return { ...withheld, outcome: 'none', order: [], refused: [] }
  const best = others.reduce((a, b) => (a.refusal.panicShare >= b.refusal.panicShare ? a : b), first)
  if (context.random() >= best.refusal.panicShare)
    return { ...withheld, outcome: 'refused', order: [], refused: [best.candidate.target.id] }
  return {
    ...withheld,
    outcome: 'panic',
    order: [{ ...best.candidate, permit: best.refusal.panicPermit }],
    reserve: withheld.reserve.filter(({ id }) => id !== best.candidate.id),
    refused: [],
  }
}
