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

/** All providers with their keys: the built-in ones under the configuration's settings, and the operator's own. */
export function createRegistry(config: Config, env: Environment): Registry {
  const providers = new Map<string, ProviderEntry>()
  const byModel = new Map<string, ProviderEntry>()
  for (const name of new Set([...Object.keys(BUILT_IN), ...Object.keys(config.providers)])) {
    const entry = entryOf(name, config, env)
    providers.set(name, entry)
    for (const model of entry.models) byModel.set(model, entry)
  }
  return { providers, byModel, secret: (name) => variable(env, name) }
}

function entryOf(name: string, config: Config, env: Environment): ProviderEntry {
  const settings = { ...BUILT_IN[name], ...config.providers[name] }
  return {
    name,
    api: BUILT_IN[name]?.api ?? settings.api ?? 'openai',
    baseUrl: (settings.baseUrl ?? '').replace(/\/+$/, ''),
    credentials: secretsOf(config, name)
      .filter(({ secret }) => variable(env, secret) !== undefined)
      .map(({ secret, weight }) => ({ name: secret, weight })),
    models: settings.models ?? [],
  }
}

/** Names of the secrets that a provider's keys are in, set or not. */
export function secretsOf(
  config: Config,
  provider: string,
): readonly { readonly secret: string; readonly weight: number }[] {
  const builtIn = BUILT_IN[provider]
  return (
    config.providers[provider]?.credentials ??
    (builtIn === undefined ? [] : [{ secret: builtIn.secret, weight: 1 }])
  )
}

export const isBuiltIn = (provider: string): boolean => Object.hasOwn(BUILT_IN, provider)

/** Whether the deployment has any provider key of its own. */
export const holdsKeys = ({ providers }: Registry): boolean =>
  [...providers.values()].some(({ credentials }) => credentials.length > 0)
