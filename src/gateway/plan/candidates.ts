import { upstreamIdFor } from '../../catalog/card.ts'
import { dayOf } from '../../catalog/civil-date.ts'
import { cardOrFamily } from '../../catalog/family.ts'
import { lifecycle } from '../../catalog/lifecycle.ts'
import type { CatalogEndpoint, ModelCard } from '../../catalog/model-card.ts'
import { isBuiltIn, type ProviderEntry, type Registry } from '../../config/registry.ts'
import type { Config } from '../../config/schema.ts'
import { GatewayError } from '../../errors.ts'
import type { Target } from '../../providers/provider.ts'
import type { StrategyName } from '../../router/strategies/index.ts'

/** A target that may serve the request, with what is known of its model. */
export interface RouteTarget {
  readonly target: Target
  /** As what it is known to health: models that callers may make up share one entry per provider. */
  readonly watched: Target
  readonly card: ModelCard | undefined
  /** Lower is tried first. */
  readonly priority: number
  readonly weight: number
}
/** What a model's lifecycle means for a request. */
export interface LifecycleFacts {
  readonly deprecation?: string | undefined
  readonly sunset?: string | undefined
  /** The model that serves in the place of the retired one. */
  readonly successor?: string | undefined
}
interface Found {
  readonly targets: readonly RouteTarget[]
  readonly lifecycle: LifecycleFacts
}
export interface Resolved extends Found {
  /** The route's name; undefined if the model was named itself. */
  readonly name: string | undefined
  readonly strategy: StrategyName
  readonly sticky: boolean
  readonly maxCostUsd: number | undefined
}
export interface Resolution {
  readonly config: Config
  readonly registry: Registry
  readonly mode: Config['lifecycle']
  readonly now: number
  readonly capability: CatalogEndpoint | undefined
  /** The caller brought a key of its own, which takes the place of the deployment's. */
  readonly ownKey: boolean
}

/** The credential's name when the caller's own key is used. */
export const CLIENT = 'client'

type Setting = Pick<Config['routes'][string]['targets'][number], 'model' | 'weight' | 'priority'> & {
  readonly provider?: string | undefined
  readonly credential?: string | undefined
  /** The model was named in a request, and nowhere else. */
  readonly byCaller?: true
}

/**
 * From a model's name to the targets that may serve it: one for each target of its route and each of its credentials.
 * Throws `model_not_found`, or `model_retired` if every target is.
 */
export function resolve(model: string, resolution: Resolution): Resolved {
  const { config } = resolution
  const route = Object.hasOwn(config.routes, model) ? config.routes[model] : undefined
  const found = resolveTargets(
    model,
    route?.targets ?? [{ model, weight: 1, priority: 0, byCaller: true }],
    resolution,
  )
  if (route === undefined) {
    const spare = config.failover === 'equivalents' ? equivalents(found, resolution) : []
    const targets = [...found.targets, ...spare]
    return {
      ...found,
      targets,
      name: undefined,
      strategy: config.strategy,
      sticky: false,
      maxCostUsd: undefined,
    }
  }
  const { strategy = config.strategy, sticky, maxCostUsd } = route
  return { ...found, name: model, strategy, sticky, maxCostUsd }
}

function resolveTargets(model: string, settings: readonly Setting[], resolution: Resolution): Found {
  const found: Found[] = []
  let retired: GatewayError | undefined
  for (const setting of settings) {
    const target = resolveTarget(setting, resolution)
    if (target instanceof GatewayError) retired ??= target
    else found.push(target)
  }
  const [first] = found
  if (first === undefined) throw retired ?? unknownModel(model)
  return { targets: found.flatMap(({ targets }) => targets), lifecycle: first.lifecycle }
}

/** The other provider's models of the same band (catalog), behind the one that was asked for. */
function equivalents({ targets }: Found, resolution: Resolution): readonly RouteTarget[] {
  const ids = targets[0]?.card?.equivalents ?? []
  return ids.flatMap((model) => {
    const found = resolveTarget({ model, weight: 1, priority: 1 }, resolution)
    return found instanceof GatewayError ? [] : found.targets
  })
}

function resolveTarget(setting: Setting, resolution: Resolution): Found | GatewayError {
  const { provider, model } = providerOf(setting, resolution.registry)
  if (provider !== undefined && !isBuiltIn(provider.name)) {
    return {
      targets: expand(setting, { provider, model, card: cardOrFamily(model) }, resolution),
      lifecycle: {},
    }
  }
  const id = provider === undefined ? model : `${provider.name}/${model}`
  const card = cardOrFamily(id)
  const upstreamId = upstreamIdFor(id)
  const home = provider ?? (card && resolution.registry.providers.get(card.provider))
  if (card === undefined || upstreamId === undefined || home === undefined) throw unknownModel(model)
  const verdict = lifecycle(card, resolution.mode, dayOf(resolution.now), resolution.capability)
  const notice = { deprecation: verdict.deprecation, sunset: verdict.sunset }
  if (verdict.kind === 'retired') return retiredModel(model, verdict.sunset, verdict.successor)
  if (verdict.kind === 'serve') {
    return {
      targets: expand(setting, { provider: home, model: upstreamId, card }, resolution),
      lifecycle: notice,
    }
  }
  const successor = { provider: home, model: verdict.card.upstreamId, card: verdict.card }
  return {
    targets: expand(setting, successor, resolution),
    lifecycle: { ...notice, successor: verdict.card.id },
  }
}

/** The provider that a target names, or that its model's name names or is listed by; undefined: by the catalog. */
function providerOf(
  { provider, model }: Setting,
  { providers, byModel }: Registry,
): { readonly provider: ProviderEntry | undefined; readonly model: string } {
  if (provider !== undefined) return { provider: providers.get(provider), model }
  const slash = model.indexOf('/')
  const prefixed = slash < 0 ? undefined : providers.get(model.slice(0, slash))
  return prefixed === undefined
    ? { provider: byModel.get(model), model }
    : { provider: prefixed, model: model.slice(slash + 1) }
}

/** One candidate for each credential: another key is the nearest fallback. */
function expand(
  setting: Setting,
  {
    provider,
    model,
    card,
  }: { readonly provider: ProviderEntry; readonly model: string; readonly card: ModelCard | undefined },
  { ownKey }: Resolution,
): readonly RouteTarget[] {
  const credentials = ownKey
    ? [{ name: CLIENT, weight: 1 }]
    : provider.credentials.filter(({ name }) => name === (setting.credential ?? name))
  const known = isKnown(setting, { provider, model, card }) ? model : ANY_MODEL
  const targetOf = (id: string, credential: string): Target => ({
    id: `${provider.name}/${id}`,
    provider: provider.name,
    model: id,
    credential,
  })
  return credentials.map(({ name, weight }) => ({
    target: targetOf(model, name),
    watched: targetOf(known, name),
    card,
    priority: setting.priority,
    weight: setting.weight * weight,
  }))
}

/** Stands for every model of a provider that nobody but a caller has named. */
export const ANY_MODEL = '*'

/** Named by the catalog or by the operator. What a caller may invent must not fill memory. */
function isKnown(
  { byCaller }: Setting,
  about: { readonly provider: ProviderEntry; readonly model: string; readonly card: ModelCard | undefined },
): boolean {
  const { provider, model, card } = about
  return byCaller !== true || (card !== undefined && card.assumed !== true) || provider.models.includes(model)
}

function retiredModel(
  model: string,
  sunset: string | undefined,
  successor: string | undefined,
): GatewayError {
  const since = sunset === undefined ? 'has been shut down' : `was shut down on ${sunset}`
  const message = `The model '${model}' ${since}.${successor === undefined ? '' : ` Its successor is '${successor}'.`}`
  return new GatewayError('model_retired', message, { param: 'model', retry: false })
}

/** The same words whether a model does not exist or is not the caller's to use. */
export function unknownModel(model: string): GatewayError {
  const shown = model.length > 128 ? `${model.slice(0, 128)}…` : model
  return new GatewayError(
    'model_not_found',
    `The model '${shown}' does not exist or you do not have access to it.`,
    {
      param: 'model',
      retry: false,
    },
  )
}
