import type { PriceOf } from '../../catalog/pricing.ts'
import { dayOf } from '../../catalog/civil-date.ts'
import type { ModelCard } from '../../catalog/model-card.ts'
import { GatewayError } from '../../errors.ts'
import type { Permit } from '../../health/admit.ts'
import { type LogNormal, promptClass } from '../../health/latency.ts'
import type { TargetView } from '../../health/wire.ts'
import type { Feature } from '../../protocol/endpoint.ts'
import type { Candidate, Scored } from '../../router/candidate.ts'
import { promptTokens } from '../../router/estimate.ts'
import { plan, type Plan } from '../../router/plan.ts'
import { strategies, type StrategyName } from '../../router/strategies/index.ts'
import { type Resolved, type RouteTarget, unknownModel } from './candidates.ts'
import type { Demand } from './demand.ts'
import type { Ports, Scope } from '../types.ts'
import { unavailable } from './unavailable.ts'

/** A target in its place in the order, with the leave to try it. */
export interface Ranked extends RouteTarget {
  readonly permit: Permit
  readonly score: number
  /** Usual wait for the first event of a prompt of this size, where it has been measured. */
  readonly ttft: LogNormal | undefined
}
export type Reserved = Omit<Ranked, 'permit'> & { readonly permit?: undefined }
/** A routing decision, with what led to it. */
export interface Planning {
  readonly route: string | undefined
  readonly strategy: StrategyName
  readonly plan: Plan
  readonly order: readonly Ranked[]
  /** Behind them, should they have leave when they are needed. */
  readonly reserve: readonly Reserved[]
  readonly promptTokens: number
}

/** What a model is assumed to write, until it is known; a third of a page. */
export const EXPECTED_OUTPUT_TOKENS = 300
/** A second of waiting is worth 0.02 cents (resilience.md 5.4). */
const SECOND_NANO_USD = 200_000
const NANO_PER_USD = 1e9
const PICO_PER_NANO = 1_000

/** Orders the targets that may serve the request. Reads this isolate's memory only. */
export function planRequest(ports: Ports, demand: Demand, scope: Scope, resolved: Resolved): Planning {
  const strategy = scope.strategy ?? resolved.strategy
  const alone = resolved.targets.length === 1
  const maxCostNano = ceiling(scope.maxCostUsd, resolved.maxCostUsd)
  // One target has no rival: but for a ceiling nothing is estimated, and its own server is the judge of what it can do.
  const tokens = alone && maxCostNano === undefined ? 0 : promptTokens(demand.request)
  const outputTokens = outputLimit(demand.request) ?? EXPECTED_OUTPUT_TOKENS
  const byId = new Map<string, RouteTarget>()
  const candidates = resolved.targets.map((target) => {
    const candidate = candidateOf(ports, demand, scope, { target, alone, tokens, outputTokens })
    byId.set(candidate.id, target)
    return candidate
  })
  const result = plan(
    {
      candidates,
      needs: alone ? NO_NEEDS : demand.features(),
      maxCostNano,
      affinity: resolved.sticky
        ? { key: demand.affinity(), comparable: strategy === 'cost' || strategy === 'balanced' }
        : undefined,
    },
    strategies[strategy],
    {
      random: () => ports.chance.random(),
      promptTokens: tokens,
      outputTokens,
      turns: ports.turns,
      secondNano: SECOND_NANO_USD,
    },
  )
  const placed = ({ id, score, latency }: Scored): readonly Reserved[] => {
    const target = byId.get(id)
    return target === undefined ? [] : [{ ...target, score, ttft: latency?.ttft[promptClass(tokens)] }]
  }
  return {
    route: resolved.name,
    strategy,
    plan: result,
    order: result.order.flatMap((each) => placed(each).map((place) => ({ ...place, permit: each.permit }))),
    reserve: result.reserve.flatMap(placed),
    promptTokens: tokens,
  }
}
/** What a plan tells the health view; a plan that is only looked at tells nothing. */
export function tellPlan({ health }: Ports, { plan: { suppressed, wanted, refused } }: Planning): void {
  health.record({ kind: 'planned', suppressed, wanted, refused })
}
const NO_NEEDS: ReadonlySet<Feature> = new Set()

/** A candidate's name: the same target may be reached with two credentials. */
export const idOf = ({ target }: Pick<RouteTarget, 'target'>): string => `${target.id}#${target.credential}`

function candidateOf(
  ports: Ports,
  demand: Demand,
  scope: Scope,
  about: {
    readonly target: RouteTarget
    readonly alone: boolean
    readonly tokens: number
    readonly outputTokens: number
  },
): Candidate {
  const { target: route, alone, tokens, outputTokens } = about
  const { target, watched, card, priority, weight } = route
  const entry = ports.registry.providers.get(target.provider)
  return {
    id: idOf(route),
    target: watched,
    priority,
    weight,
    // What a lone target lacks is said in full by whoever prepares the request for it.
    serves: alone || (entry !== undefined && demand.serves(ports.apis[entry.api], card)),
    ...judged(route, { alone, tokens, outputTokens, now: ports.timers.now(), priceOf: ports.priceOf }),
    admission: ports.health.admit(watched.id),
    // A gate is shut for the deployment's keys; the caller's own is none of them.
    gate: scope.principal.credential === undefined ? ports.health.gate(watched) : undefined,
    ...healthOf(ports.health.view(watched.id)),
  }
}
type Judgement = Pick<Candidate, 'features' | 'contextTokens' | 'costNano'>
const UNJUDGED: Judgement = { features: undefined, contextTokens: undefined, costNano: undefined }
const healthOf = (view: TargetView | undefined): Pick<Candidate, 'health' | 'errorRate' | 'latency'> => ({
  health: view?.health ?? 1,
  errorRate: view?.errorRate ?? 0,
  latency: view?.latency,
})

/** What the catalog says that the model can do, and what this request would cost there. */
function judged({ card, target }: RouteTarget, size: RequestSize): Judgement {
  const { alone, tokens } = size
  if (alone && tokens === 0) return UNJUDGED
  const cost = { costNano: costNano(card, target.model, size) }
  if (alone || card === undefined) return { ...UNJUDGED, ...cost }
  return {
    features: card.assumed === true ? undefined : featuresOf(card),
    contextTokens: card.contextTokens,
    ...cost,
  }
}

interface RequestSize {
  readonly alone: boolean
  readonly tokens: number
  readonly outputTokens: number
  readonly now: number
  readonly priceOf: PriceOf
}

function costNano(
  card: ModelCard | undefined,
  model: string,
  { tokens, outputTokens, now, priceOf }: RequestSize,
): number | undefined {
  const usage = { inputTokens: tokens, outputTokens }
  const pico = priceOf({ card, model, served: {}, usage, date: dayOf(now) })?.picoUsd
  return pico === undefined ? undefined : Number(pico) / PICO_PER_NANO
}

/** What the catalog says that a model can do; a flag that no source had counts as yes. */
const FEATURES: Readonly<Record<Feature, (card: ModelCard) => boolean>> = {
  tools: (card) => card.tools !== false,
  vision: (card) => card.vision !== false,
  audio: (card) => card.inputs.includes('audio'),
  json_schema: (card) => card.structuredOutputs !== false,
  reasoning: (card) => card.reasoning !== undefined,
}
const FEATURE_NAMES: readonly Feature[] = ['tools', 'vision', 'audio', 'json_schema', 'reasoning']
const featuresOf = (card: ModelCard): ReadonlySet<Feature> =>
  new Set(FEATURE_NAMES.filter((name) => FEATURES[name](card)))

function outputLimit(request: object): number | undefined {
  for (const name of ['max_completion_tokens', 'max_tokens', 'max_output_tokens']) {
    const value: unknown = Object.entries(request).find(([key]) => key === name)?.[1]
    if (typeof value === 'number' && value > 0) return Math.min(value, EXPECTED_OUTPUT_TOKENS)
  }
  return undefined
}

function ceiling(...usd: readonly (number | undefined)[]): number | undefined {
  const set = usd.filter((value) => value !== undefined)
  return set.length === 0 ? undefined : Math.min(...set) * NANO_PER_USD
}

/** Why nobody serves the request: health, or what the request asks for. */
export function refusalOf(
  { plan: { outcome, dropped, retryAfterMs } }: Planning,
  model: string,
): GatewayError {
  if (outcome === 'refused') return unavailable(retryAfterMs)
  const why = new Set(dropped.map((each) => each.why))
  if (why.has('price'))
    return new GatewayError(
      'unsupported_value',
      'Every target costs more than the ceiling for this request.',
      { retry: false },
    )
  if (why.has('context'))
    return new GatewayError(
      'context_length_exceeded',
      'The request is longer than the context of every target.',
      { param: 'messages', retry: false },
    )
  if (why.has('capability'))
    return new GatewayError(
      'unsupported_value',
      'No target of this route can do what the request asks for.',
      { param: 'model', retry: false },
    )
  if (why.has('endpoint'))
    return new GatewayError('model_not_found', `No target of '${model}' is served on this endpoint.`, {
      param: 'model',
      retry: false,
    })
  return unknownModel(model)
}
