import { isRecord } from '../protocol/guards.ts'
import { type Environment, overlay } from './environment.ts'
import { type Config, configSchema } from './schema.ts'
import { validate } from './validate.ts'

/** Defaults, then `gateway.yaml` (compiled at build time), then the environment. Throws with the path of what is wrong. */
export function loadConfig(file: unknown, env: Environment): Config {
  const parsed = configSchema.safeParse(merge(file, overlay(env)))
  const problems = parsed.success ? validate(parsed.data) : parsed.error.issues
  if (parsed.success && problems.length === 0) return parsed.data
  const lines = problems.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`)
  throw new Error(`Invalid configuration:\n${lines.join('\n')}`)
}

/** Objects are merged member by member, everything else is replaced. */
function merge(under: unknown, over: unknown): unknown {
  if (!isRecord(under) || !isRecord(over)) return over ?? under
  const merged: Record<string, unknown> = { ...under }
  for (const [key, value] of Object.entries(over))
    merged[key] = Object.hasOwn(under, key) ? merge(under[key], value) : value
  return merged
}
