import { cards } from '../catalog/card.ts'
import type { Registry } from '../config/registry.ts'
import type { Config } from '../config/schema.ts'
import type { Check, Settings } from '../health/registry-state.ts'
import { resolve } from './candidates.ts'

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
    const ids = targetsOf(name, config, registry, now)
    for (const id of ids) peers.set(id, new Set([...(peers.get(id) ?? []), ...ids]))
  }
  return Object.fromEntries(
    [...peers].map(([id, others]) => [id, [...others].filter((other) => other !== id)] as const),
  )
}

/** As what health knows the targets of a model's name; a name that nothing serves now has none. */
function targetsOf(name: string, config: Config, registry: Registry, now: number): ReadonlySet<string> {
  const mode = config.lifecycle
  try {
    const { targets } = resolve(name, { config, registry, mode, now, capability: undefined, ownKey: false })
    return new Set(targets.map(({ watched }) => watched.id))
  } catch {
    return new Set()
  }
}
