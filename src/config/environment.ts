import type { ConfigInput } from './schema.ts'

/** Variables and secrets as the runtime hands them over; anything may be absent. */
export type Environment = Readonly<Record<string, unknown>>

/** What comes from the environment alone: who may call, and with what the gateway keeps its own secrets. */
export interface Deployment {
  readonly gatewayKeys: readonly string[]
  readonly gatewaySecret: string | undefined
  /** What the operator presents. */
  readonly adminSecret: string | undefined
  readonly allowAnonymous: boolean
}

const MIN_SECRET_BYTES = 32

/** Throws with the variable's name, and never its value, when one is unusable. */
export function readDeployment(env: Environment): Deployment {
  const gatewaySecret = variable(env, 'GATEWAY_SECRET')
  if (gatewaySecret !== undefined && new TextEncoder().encode(gatewaySecret).length < MIN_SECRET_BYTES) {
    throw new Error(`GATEWAY_SECRET must have at least ${MIN_SECRET_BYTES} bytes.`)
  }
  return {
    gatewayKeys: list(env, 'GATEWAY_KEYS'),
    gatewaySecret,
    adminSecret: variable(env, 'ADMIN_SECRET'),
    allowAnonymous: variable(env, 'ALLOW_ANONYMOUS') === 'true',
  }
}

/** The overlay that variables put over `gateway.yaml`; the schema checks the values afterwards. */
export function overlay(env: Environment): Record<string, unknown> {
  const allowHosts = list(env, 'FETCH_ALLOW_HOSTS')
  const baseUrls = { openai: variable(env, 'OPENAI_BASE_URL'), gemini: variable(env, 'GEMINI_BASE_URL') }
  const providers = Object.entries(baseUrls).flatMap(([name, baseUrl]) =>
    baseUrl === undefined ? [] : [[name, { baseUrl }]],
  )
  return {
    ...optional('lifecycle', variable(env, 'GATEWAY_LIFECYCLE')),
    ...optional('adaptation', variable(env, 'GATEWAY_ADAPTATION')),
    ...optional('strategy', variable(env, 'GATEWAY_STRATEGY')),
    ...optional('failover', variable(env, 'GATEWAY_FAILOVER')),
    ...(allowHosts.length > 0 && { media: { allowHosts } }),
    ...(providers.length > 0 && { providers: Object.fromEntries(providers) }),
  } satisfies { readonly [key in keyof ConfigInput]?: unknown }
}

/** A variable or secret; undefined if it is absent or blank. */
export function variable(env: Environment, name: string): string | undefined {
  const value = env[name]
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
}

function list(env: Environment, name: string): readonly string[] {
  return (variable(env, name) ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function optional(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value }
}
