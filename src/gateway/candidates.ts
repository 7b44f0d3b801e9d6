import { upstreamIdFor } from '../catalog/card.ts'
import { cardOrFamily } from '../catalog/family.ts'
import { lifecycle } from '../catalog/lifecycle.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import { dayOf } from '../catalog/civil-date.ts'
import { GatewayError } from '../errors.ts'
import type { Config } from '../config/schema.ts'
import type { Target } from '../providers/provider.ts'

/** A target that may serve the request, with what is known of its model. */
export interface Candidate {
  readonly target: Target
  readonly card: ModelCard | undefined
}
/** What a model's lifecycle means for a request. */
export interface LifecycleFacts {
  readonly deprecation?: string | undefined
  readonly sunset?: string | undefined
  /** The model that serves in the place of the retired one. */
  readonly successor?: string | undefined
}
export interface Resolved {
  readonly candidates: readonly Candidate[]
  readonly lifecycle: LifecycleFacts
}

/** From a model's name to the targets that may serve it, best first. Throws `model_not_found` or `model_retired`. */
export function resolve(model: string, config: Config, mode: Config['lifecycle'], now: number): Resolved {
  const route = Object.hasOwn(config.routes, model) ? config.routes[model] : undefined
  if (route === undefined) return resolveModel(model, mode, now)
  const resolved = route.targets.map((target) =>
    resolveModel(
      target.provider === undefined ? target.model : `${target.provider}/${target.model}`,
      mode,
      now,
    ),
  )
  return {
    candidates: resolved.flatMap(({ candidates }) => candidates),
    lifecycle: resolved[0]?.lifecycle ?? {},
  }
}

function resolveModel(model: string, mode: Config['lifecycle'], now: number): Resolved {
  const card = cardOrFamily(model)
  const upstreamId = upstreamIdFor(model)
  if (card === undefined || upstreamId === undefined) throw unknownModel(model)
  const verdict = lifecycle(card, mode, dayOf(now), 'chat')
  const notice = { deprecation: verdict.deprecation, sunset: verdict.sunset }
  if (verdict.kind === 'retired') {
    const message = retiredMessage(model, verdict.sunset, verdict.successor)
    throw new GatewayError('model_retired', message, { param: 'model', retry: false })
  }
  if (verdict.kind === 'serve') {
    return { candidates: [{ card, target: targetOf(card, upstreamId) }], lifecycle: notice }
  }
  return {
    candidates: [{ card: verdict.card, target: targetOf(verdict.card, verdict.card.upstreamId) }],
    lifecycle: { ...notice, successor: verdict.card.id },
  }
}

function targetOf(card: ModelCard, model: string): Target {
  return { id: `${card.provider}/${model}`, provider: card.provider, model }
}

function retiredMessage(model: string, sunset: string | undefined, successor: string | undefined): string {
  const since = sunset === undefined ? 'has been shut down' : `was shut down on ${sunset}`
  return `The model '${model}' ${since}.${successor === undefined ? '' : ` Its successor is '${successor}'.`}`
}

/** The same words whether a model does not exist or is not the caller's to use. */
export function unknownModel(model: string): GatewayError {
  const shown = model.length > 128 ? `${model.slice(0, 128)}…` : model
  return new GatewayError(
    'model_not_found',
    `The model '${shown}' does not exist or you do not have access to it.`,
    { param: 'model', retry: false },
  )
}
