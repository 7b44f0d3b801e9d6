import { cardOrFamily } from '../catalog/family.ts'
import { isBuiltIn, secretsOf } from './registry.ts'
import type { Config } from './schema.ts'

/** Something that the schema cannot see, with its path. */
export interface Problem {
  readonly path: readonly (string | number)[]
  readonly message: string
}
type Target = Config['routes'][string]['targets'][number]

/** Names that refer to nothing, and routes that could never serve. */
export function validate(config: Config): readonly Problem[] {
  return [
    ...providerProblems(config),
    ...Object.entries(config.routes).flatMap(([name, route]) => routeProblems(config, name, route)),
  ]
}

function providerProblems(config: Config): readonly Problem[] {
  return Object.entries(config.providers).flatMap(([name, { baseUrl, credentials }]): Problem[] => {
    const path = ['providers', name]
    if (isBuiltIn(name)) return []
    return [
      ...(baseUrl === undefined ? [{ path, message: 'a provider of your own needs a baseUrl' }] : []),
      ...(credentials === undefined ? [{ path, message: 'a provider of your own needs credentials' }] : []),
    ]
  })
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
  const name = provider ?? listing(config, model) ?? cardOrFamily(model)?.provider
  if (name === undefined) {
    const why = Object.hasOwn(config.routes, model)
      ? 'a route cannot lead to a route'
      : `no provider is known for the model '${model}'`
    return [{ path: [...path, 'model'], message: why }]
  }
  if (!isBuiltIn(name) && !Object.hasOwn(config.providers, name))
    return [{ path: [...path, 'provider'], message: `unknown provider '${name}'` }]
  if (credential === undefined || secretsOf(config, name).some(({ secret }) => secret === credential))
    return []
  return [
    { path: [...path, 'credential'], message: `the provider '${name}' has no credential '${credential}'` },
  ]
}

function listing(config: Config, model: string): string | undefined {
  return Object.entries(config.providers).find(([, { models }]) => models.includes(model))?.[0]
}
