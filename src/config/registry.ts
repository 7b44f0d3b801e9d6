import { type Environment, variable } from './environment.ts'
import type { Config } from './schema.ts'

/** A key of the deployment; its name is that of the secret which holds it. */
export interface Credential {
  readonly name: string
  readonly weight: number
}
/** One upstream as this deployment knows it. */
export interface ProviderEntry {
  readonly name: string
  readonly api: 'openai' | 'gemini'
  /** Without a slash at the end. */
  readonly baseUrl: string
  /** Those whose secret is set. */
  readonly credentials: readonly Credential[]
  readonly models: readonly string[]
}
export interface Registry {
  readonly providers: ReadonlyMap<string, ProviderEntry>
  /** The provider that lists a model by its bare name. */
  readonly byModel: ReadonlyMap<string, ProviderEntry>
  readonly secret: (name: string) => string | undefined
}

/** The providers that everybody has. */
const BUILT_IN: Readonly<
  Record<string, { readonly api: ProviderEntry['api']; readonly baseUrl: string; readonly secret: string }>
> = {
  openai: { api: 'openai', baseUrl: 'https://api.openai.com/v1', secret: 'OPENAI_API_KEY' },
  gemini: { api: 'gemini', baseUrl: 'https://generativelanguage.googleapis.com', secret: 'GEMINI_API_KEY' },
}

/** Keys that were given through the admin API, by the names that `storedKeyName` gives them. */
export type StoredKeys = ReadonlyMap<string, string>
const NO_STORED_KEYS: StoredKeys = new Map()

/** All providers with their keys: the built-in ones under the configuration's settings, and the operator's own. */
export function createRegistry(
  config: Config,
  env: Environment,
  stored: StoredKeys = NO_STORED_KEYS,
): Registry {
  const secret = (name: string): string | undefined =>
    isStoredKey(name) ? stored.get(name) : variable(env, name)
  const providers = new Map<string, ProviderEntry>()
  const byModel = new Map<string, ProviderEntry>()
  for (const name of providerNames(config)) {
    const entry = entryOf(name, config, secret)
    providers.set(name, entry)
    for (const model of entry.models) byModel.set(model, entry)
  }
  return { providers, byModel, secret }
}

export const providerNames = (config: Config): ReadonlySet<string> =>
  new Set([...Object.keys(BUILT_IN), ...Object.keys(config.providers)])

function entryOf(name: string, config: Config, secret: Registry['secret']): ProviderEntry {
  return {
    name,
    api: BUILT_IN[name]?.api ?? config.providers[name]?.api ?? 'openai',
    baseUrl: baseUrlOf(config, name),
    credentials: takesOwnKeysOnly(config, name)
      ? []
      : secretsOf(config, name)
          .filter((credential) => secret(credential.secret) !== undefined)
          .map(({ secret, weight }) => ({ name: secret, weight })),
    models: config.providers[name]?.models ?? [],
  }
}

/** Then the deployment's own keys are never used, whatever way leads there. */
const takesOwnKeysOnly = (config: Config, provider: string): boolean =>
  (config.providers[provider]?.keyMode ?? config.keyMode) === 'client'

/** Names of the secrets that a provider's keys are in, set or not. */
export function secretsOf(
  config: Config,
  provider: string,
): readonly { readonly secret: string; readonly weight: number }[] {
  const builtIn = BUILT_IN[provider]
  return (
    config.providers[provider]?.credentials ?? [
      { secret: builtIn?.secret ?? storedKeyName(provider), weight: 1 },
    ]
  )
}

/** Without a slash at the end. */
export function baseUrlOf(config: Config, provider: string): string {
  const baseUrl = config.providers[provider]?.baseUrl ?? BUILT_IN[provider]?.baseUrl ?? ''
  return baseUrl.replace(/\/+$/, '')
}

const STORED = 'STORED_KEY_'
/** The name of the credential whose key the admin API keeps for a provider; no variable can have it. */
export const storedKeyName = (provider: string): string =>
  STORED + provider.toUpperCase().replaceAll('-', '_')
export const isStoredKey = (credential: string): boolean => credential.startsWith(STORED)

export const isBuiltIn = (provider: string): boolean => Object.hasOwn(BUILT_IN, provider)

/** Whether the deployment has any provider key of its own. */
export const holdsKeys = ({ providers }: Registry): boolean =>
  [...providers.values()].some(({ credentials }) => credentials.length > 0)
