import { cardOrFamily } from '../catalog/family.ts'
import { urlRefusal } from '../lib/public-url.ts'
import { isBuiltIn, isStoredKey, secretsOf, storedKeyName } from './registry.ts'
import type { Config } from './schema.ts'

/** Something that the schema cannot see, with its path. */
export interface Problem {
  readonly path: readonly (string | number)[]
  readonly message: string
}
type Target = Config['routes'][string]['targets'][number]

/** Names that refer to nothing, routes that could never serve, and upstreams that must not be called. */
export function validate(config: Config, allowHosts: readonly string[] = []): readonly Problem[] {
  const allowed = new Set([...config.upstreamAllowHosts, ...allowHosts])
  return [
    ...providerProblems(config, allowed),
    ...Object.entries(config.routes).flatMap(([name, route]) => routeProblems(config, name, route)),
    ...spillProblems(config),
  ]
}

function spillProblems(config: Config): readonly Problem[] {
  return Object.keys(config.spill.targets).flatMap((id): Problem[] => {
    const slash = id.indexOf('/')
    const provider = id.slice(0, Math.max(0, slash))
    return isBuiltIn(provider) || Object.hasOwn(config.providers, provider)
      ? []
      : [{ path: ['spill', 'targets', id], message: "is not a target; write it as 'provider/model'" }]
  })
}

function providerProblems(config: Config, allowHosts: ReadonlySet<string>): readonly Problem[] {
  return Object.entries(config.providers).flatMap(([name, { baseUrl, credentials = [] }]): Problem[] => {
    const path = ['providers', name]
    const refusal = baseUrl === undefined ? undefined : baseUrlRefusal(baseUrl, allowHosts)
    return [
      ...(baseUrl === undefined && !isBuiltIn(name)
        ? [{ path, message: 'a provider of your own needs a baseUrl' }]
        : []),
      ...(refusal === undefined
        ? []
        : [{ path: [...path, 'baseUrl'], message: `the URL is not allowed: ${refusal}` }]),
      ...credentials.flatMap(({ secret }, i) =>
        isReserved(secret, name)
          ? [{ path: [...path, 'credentials', i, 'secret'], message: `${secret} is not this provider's key` }]
          : [],
      ),
    ]
  })
}

function baseUrlRefusal(baseUrl: string, allowHosts: ReadonlySet<string>): string | undefined {
  if (/[?#]/.test(baseUrl)) return 'it has a query or a fragment'
  const refusal = urlRefusal(baseUrl, { allowHosts, ownHost: '' })
  return refusal && `${refusal} (upstreamAllowHosts makes exceptions)`
}

/** The gateway's own secrets go to no provider, and a stored key to its own only. */
function isReserved(secret: string, provider: string): boolean {
  if (isStoredKey(secret)) return secret !== storedKeyName(provider)
  return /^(?:GATEWAY_|ADMIN_SECRET$|CLOUDFLARE_)/.test(secret)
}

function routeProblems(
  config: Config,
  name: string,
  { targets }: Config['routes'][string],
): readonly Problem[] {
  const path = ['routes', name, 'targets']
  const problems = targets.flatMap((target, i) => targetProblems(config, target, [...path, i]))
  if (targets.every(({ weight }) => weight === 0))
    problems.push({ path, message: 'every weight is zero, so nothing would ever be chosen' })
  return problems
}

function targetProblems(config: Config, target: Target, path: readonly (string | number)[]): Problem[] {
  const { provider, model, credential } = target
  const named = provider ?? listing(config, model)
  const card = cardOrFamily(named === undefined ? model : `${named}/${model}`)
  const name = named ?? card?.provider
  if (name === undefined) return [{ path: [...path, 'model'], message: whyNoProvider(config, model) }]
  if (!isBuiltIn(name) && !Object.hasOwn(config.providers, name))
    return [{ path: [...path, 'provider'], message: `unknown provider '${name}'` }]
  if (isBuiltIn(name) && card === undefined)
    return [{ path: [...path, 'model'], message: `the provider '${name}' has no model '${model}'` }]
  if (credential === undefined || secretsOf(config, name).some(({ secret }) => secret === credential))
    return []
  return [
    { path: [...path, 'credential'], message: `the provider '${name}' has no credential '${credential}'` },
  ]
}

const whyNoProvider = ({ routes }: Config, model: string): string =>
  Object.hasOwn(routes, model)
    ? 'a route cannot lead to a route'
    : `no provider is known for the model '${model}'`

function listing(config: Config, model: string): string | undefined {
  return Object.entries(config.providers).find(([, { models }]) => models.includes(model))?.[0]
}
