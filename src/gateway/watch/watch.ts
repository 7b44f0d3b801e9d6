import { cards } from '../../catalog/card.ts'
import type { Registry } from '../../config/registry.ts'
import type { Config } from '../../config/schema.ts'
import type { Check, Settings } from '../../health/registry-state.ts'
import type { Configured } from '../../health/describe.ts'
import { ANY_MODEL, type Resolution, resolve } from '../plan/candidates.ts'

/** What a configuration gives the health object to go by: whom to check, who can stand in for whom, what spills over. */
export const settingsOf = (config: Config, registry: Registry, now: number): Settings => ({
  checks: checksOf(registry),
  peers: peersOf(config, registry, now),
  spill: config.spill,
})

/** Every credential; a provider without one is only asked whether it answers. */
function checksOf({ providers }: Registry): readonly Check[] {
  return [...providers.values()].flatMap(({ name, credentials }): readonly Check[] =>
    credentials.length === 0
      ? [{ provider: name, credential: undefined }]
      : credentials.map((credential) => ({ provider: name, credential: credential.name })),
  )
}

/** By target: the others of its routes, and of the models that it is an equivalent of. */
function peersOf(config: Config, registry: Registry, now: number): Settings['peers'] {
  const peers = new Map<string, Set<string>>()
  const models = config.failover === 'equivalents' ? cards().map(({ id }) => id) : []
  for (const name of new Set([...Object.keys(config.routes), ...models])) {
    const ids = targetsOf(name, { config, registry, now, ownKey: false })
    for (const id of ids) peers.set(id, new Set([...(peers.get(id) ?? []), ...ids]))
  }
  return Object.fromEntries(
    [...peers].map(([id, others]) => [id, [...others].filter((other) => other !== id)] as const),
  )
}

/**
 * What an operator is shown, seen or not: the targets of every route, the models that a provider lists, and for the
 * rest (every catalog model is a route) each provider that has a key or is the operator's own.
 */
export function configuredTargets(config: Config, registry: Registry, now: number): Configured {
  const routed = Object.keys(config.routes).flatMap((name) => [
    ...targetsOf(name, { config, registry, now, ownKey: true }),
  ])
  const listed = [...registry.providers.values()].flatMap(({ name, models }) =>
    models.map((m) => `${name}/${m}`),
  )
  const others = [...registry.providers.values()]
    .filter(({ name, credentials }) => credentials.length > 0 || Object.hasOwn(config.providers, name))
    .map(({ name }) => `${name}/${ANY_MODEL}`)
  const keysOf = (id: string): readonly string[] =>
    registry.providers.get(id.slice(0, id.indexOf('/')))?.credentials.map(({ name }) => name) ?? []
  return { targets: [...new Set([...routed, ...listed, ...others])], keysOf }
}

/** As what health knows the targets of a model's name; a name that nothing serves now has none. */
function targetsOf(
  name: string,
  about: Pick<Resolution, 'config' | 'registry' | 'now' | 'ownKey'>,
): ReadonlySet<string> {
  const mode = about.config.lifecycle
  try {
    const { targets } = resolve(name, { ...about, mode, capability: undefined })
    return new Set(targets.map(({ watched }) => watched.id))
  } catch {
    return new Set()
  }
}
