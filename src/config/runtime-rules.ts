import { isRecord } from '../protocol/guards.ts'
import { baseUrlOf, providerNames, secretsOf } from './registry.ts'
import type { Config } from './schema.ts'
import type { Problem } from './validate.ts'

/** What opens the guard against private addresses is for whoever deploys, not for whoever holds the admin key. */
const DEPLOY_ONLY = [['upstreamAllowHosts'], ['media', 'allowHosts']] as const

const DEPLOYED_ONLY = 'can be set by gateway.yaml and the environment only'

/** What a runtime document may not say at all. */
export function deployOnly(document: unknown): readonly Problem[] {
  if (!isRecord(document)) return [{ path: [], message: 'must be an object' }]
  return DEPLOY_ONLY.filter((path) => has(document, path)).map((path) => ({
    path: [...path],
    message: DEPLOYED_ONLY,
  }))
}

function has(document: unknown, path: readonly string[]): boolean {
  let value = document
  for (const key of path) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return false
    value = value[key]
  }
  return true
}

/** A secret that the deployment sends to one origin may not be sent to another by a runtime change. */
export function foreignSecrets(config: Config, deployed: Config): readonly Problem[] {
  const homes = new Map<string, Set<string>>()
  for (const { name, secret } of uses(deployed)) {
    const origins = homes.get(secret) ?? new Set()
    homes.set(secret, origins.add(originOf(deployed, name)))
  }
  return uses(config)
    .filter(({ name, secret }) => homes.get(secret)?.has(originOf(config, name)) === false)
    .map(({ name, secret }) => ({
      path: [
        'providers',
        name,
        config.providers[name]?.credentials === undefined ? 'baseUrl' : 'credentials',
      ],
      message: `the secret ${secret} belongs to another origin`,
    }))
}

/**
 * How many objects hold the books: with fewer, what the others hold would not be asked for any more. More of them would
 * be fewer again after a rollback, which must always work.
 */
export function movedBooks({ usage }: Config, deployed: Config): readonly Problem[] {
  return (['shards', 'spread'] as const)
    .filter((name) => usage[name] !== deployed.usage[name])
    .map((name) => ({ path: ['usage', name], message: DEPLOYED_ONLY }))
}

function uses(config: Config): readonly { readonly name: string; readonly secret: string }[] {
  return [...providerNames(config)].flatMap((name) =>
    secretsOf(config, name).map(({ secret }) => ({ name, secret })),
  )
}

/** The origin that a provider's keys are sent to. */
export function originOf(config: Config, provider: string): string {
  const baseUrl = baseUrlOf(config, provider)
  return URL.canParse(baseUrl) ? new URL(baseUrl).origin : ''
}
