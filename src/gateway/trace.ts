import type { Planning } from './planning.ts'
import type { Attempted } from './types.ts'

/** A routing decision for the eyes of whoever asks: who stood in which order, who was left out and why, what was tried. */
export function traceOf(planning: Planning, attempts: readonly Attempted[]): object {
  const { plan, order, route, strategy, promptTokens } = planning
  return {
    route: route ?? null,
    strategy,
    outcome: plan.outcome,
    ...(promptTokens > 0 && { prompt_tokens: promptTokens }),
    order: order.map(({ target, score, permit }) => ({
      target: target.id,
      credential: target.credential,
      score: Number(score.toPrecision(4)),
      permit: permit.kind,
    })),
    dropped: plan.dropped,
    tried: attempts.map(({ target, ms, failure }) => ({
      target: target.id,
      ms,
      failure: failure?.kind ?? null,
    })),
  }
}
