import type { Chance } from '../../lib/chance.ts'
import type { Timers } from '../../lib/clock.ts'
import type { KeyIndex } from './key-index.ts'
import { createKeyAdmin, type KeyAdmin } from './key-admin.ts'
import { createKeyHasher } from '../key.ts'
import type { KeyObject } from './key-object.ts'
import { createKeyRing, type KeyRing } from '../isolate/key-ring.ts'
import type { Excess } from '../limits/settlement.ts'

/** The one object that lists all keys. */
const INDEX = 'keys'

export interface KeyBindings {
  readonly KEYS: DurableObjectNamespace<KeyObject>
  readonly KEY_INDEX: DurableObjectNamespace<KeyIndex>
}

export interface Keys {
  readonly ring: KeyRing
  readonly admin: KeyAdmin
  /** Corrects what a call was charged, once: a second time gives back twice. */
  readonly giveBack: (kid: string, excess: Excess) => Promise<void>
}

/** The keys of a deployment, over its Durable Objects. A stub that has thrown is never used again: each call makes one. */
export function keysOf(
  env: KeyBindings,
  gatewaySecret: string,
  { timers, chance }: { readonly timers: Timers; readonly chance: Chance },
): Keys {
  const hashKey = createKeyHasher(gatewaySecret)
  const ring = createKeyRing({
    hashKey,
    timers,
    chance,
    sync: (kid, input) => env.KEYS.getByName(kid).sync(input),
  })
  const admin = createKeyAdmin({
    object: (kid) => env.KEYS.getByName(kid),
    index: () => env.KEY_INDEX.getByName(INDEX),
    hashKey,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
    now: () => timers.now(),
    forget: (kid) => ring.forget(kid),
  })
  const giveBack = async (kid: string, excess: Excess): Promise<void> =>
    env.KEYS.getByName(kid).giveBack(excess)
  return { ring, admin, giveBack }
}
