import type { ConfigInput } from './schema.ts'

/** Provider names, and the variables that hold their base URL and key. */
export const PROVIDER_VARIABLES = {
  openai: { baseUrl: 'OPENAI_BASE_URL', apiKey: 'OPENAI_API_KEY', default: 'https://api.openai.com/v1' },
  gemini: {
    baseUrl: 'GEMINI_BASE_URL',
    apiKey: 'GEMINI_API_KEY',
    default: 'https://generativelanguage.googleapis.com',
  },
} as const
export type ProviderName = keyof typeof PROVIDER_VARIABLES

/** Variables and secrets as the runtime hands them over; anything may be absent. */
export type Environment = Readonly<Record<string, unknown>>

export interface ProviderSettings {
  readonly baseUrl: string
  readonly apiKey: string | undefined
}
/** What comes from the environment alone: secrets, and where the upstreams are. */
export interface Deployment {
  readonly providers: Readonly<Record<ProviderName, ProviderSettings>>
  readonly gatewayKeys: readonly string[]
  readonly gatewaySecret: string | undefined
  readonly allowAnonymous: boolean
}

const MIN_SECRET_BYTES = 32

/** Throws with the variable's name, and never its value, when one is unusable. */
export function readDeployment(env: Environment): Deployment {
  const gatewaySecret = text(env, 'GATEWAY_SECRET')
  if (gatewaySecret !== undefined && new TextEncoder().encode(gatewaySecret).length < MIN_SECRET_BYTES) {
    throw new Error(`GATEWAY_SECRET must have at least ${MIN_SECRET_BYTES} bytes.`)
  }
  return {
    providers: { openai: provider(env, 'openai'), gemini: provider(env, 'gemini') },
    gatewayKeys: list(env, 'GATEWAY_KEYS'),
    gatewaySecret,
    allowAnonymous: text(env, 'ALLOW_ANONYMOUS') === 'true',
  }
}

/** The overlay that variables put over `gateway.yaml`; the schema checks the values afterwards. */
export function overlay(env: Environment): Record<string, unknown> {
  const media = list(env, 'FETCH_ALLOW_HOSTS')
  return {
    ...optional('lifecycle', text(env, 'GATEWAY_LIFECYCLE')),
    ...optional('adaptation', text(env, 'GATEWAY_ADAPTATION')),
    ...(media.length > 0 && { media: { allowHosts: media } }),
  } satisfies { readonly [key in keyof ConfigInput]?: unknown }
}

function provider(env: Environment, name: ProviderName): ProviderSettings {
  const variables = PROVIDER_VARIABLES[name]
  const baseUrl = (text(env, variables.baseUrl) ?? variables.default).replace(/\/+$/, '')
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol))
    throw new Error(`${variables.baseUrl} is not an http(s) URL.`)
  return { baseUrl, apiKey: text(env, variables.apiKey) }
}

function text(env: Environment, name: string): string | undefined {
  const value = env[name]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function list(env: Environment, name: string): readonly string[] {
  return (text(env, name) ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function optional(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value }
}
