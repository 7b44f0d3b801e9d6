import { isRecord } from '../protocol/guards.ts'
import { type Environment, overlay } from './environment.ts'
import { configSchema } from './schema.ts'

/** One layer of the configuration. A later one lies over the ones before it. */
export interface ConfigSource {
  readonly name: 'defaults' | 'file' | 'environment' | 'runtime'
  /** What it says: any part of a configuration. Whoever reads it checks it. */
  read(): unknown
}

export const defaults: ConfigSource = { name: 'defaults', read: () => configSchema.parse({}) }
/** `gateway.yaml`, compiled at build time. */
export const fileSource = (file: unknown): ConfigSource => ({ name: 'file', read: () => file })
export const environmentSource = (env: Environment): ConfigSource => ({
  name: 'environment',
  read: () => overlay(env),
})
/** What the admin API has put into force. */
export const runtimeSource = (document: unknown): ConfigSource => ({ name: 'runtime', read: () => document })

/** All layers as one, in their order. Members that are `null` in a layer are taken out of the ones below. */
export function layered(sources: readonly ConfigSource[]): unknown {
  return sources.map((source) => source.read()).reduce(merge, {})
}

/** Objects are merged member by member, everything else is replaced (JSON Merge Patch, RFC 7396). */
function merge(under: unknown, over: unknown): unknown {
  if (over === undefined) return under
  if (!isRecord(over)) return over
  const merged = new Map(isRecord(under) ? Object.entries(under) : [])
  for (const [key, value] of Object.entries(over)) {
    if (value === null) merged.delete(key)
    else merged.set(key, merge(merged.get(key), value))
  }
  return Object.fromEntries(merged)
}
