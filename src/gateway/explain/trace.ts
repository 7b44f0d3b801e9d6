import type { Dropped, Plan } from '../../router/plan.ts'
import type { Planning } from '../plan/planning.ts'
import type { Attempted } from '../types.ts'

/** What keeps a target away for the moment: the state of the deployment's upstreams, and not every caller's to see. */
const PASSING: ReadonlySet<Dropped> = new Set(['gate', 'open', 'local', 'ramp', 'spill'])

/** Why a target is left out, as whoever asks may know it. */
interface LeftOut {
  readonly target: string
  readonly credential?: string
  readonly why: Dropped | 'unavailable'
  readonly detail?: string
}

/** `observes`: the caller may see the state of the upstreams, and by which names the deployment keeps its keys. */
export function leftOutOf({ id, why, detail }: Plan['dropped'][number], observes: boolean): LeftOut {
  const { target, credential } = named(id)
  if (observes) return { target, credential, why, ...(detail !== undefined && { detail }) }
  return { target, why: PASSING.has(why) ? 'unavailable' : why }
}

/** A candidate's id names its target and its credential; a credential's name has no `#` in it. */
function named(id: string): { readonly target: string; readonly credential: string } {
  const at = id.lastIndexOf('#')
  return { target: id.slice(0, at), credential: id.slice(at + 1) }
}

/** A routing decision for the eyes of whoever asks: who stood in which order, who was left out and why, what was tried. */
export function traceOf(planning: Planning, attempts: readonly Attempted[], observes: boolean): object {
  const { plan, order, route, strategy, promptTokens } = planning
  return {
    route: route ?? null,
    strategy,
    outcome: plan.outcome,
    ...(promptTokens > 0 && { prompt_tokens: promptTokens }),
    order: order.map(({ target, score, permit }) => ({
      target: target.id,
      score: Number(score.toPrecision(4)),
      ...(observes && { credential: target.credential, permit: permit.kind }),
    })),
    dropped: plan.dropped.map((each) => leftOutOf(each, observes)),
    tried: attempts.map(({ target, ms, failure }) => ({
      target: target.id,
      ...(observes && { credential: target.credential }),
      ms,
      failure: failure?.kind ?? null,
    })),
  }
}
