import type { Timers } from '../lib/clock.ts'
import type { Due } from './due.ts'
import { type Kept, keyOf, readKept, shardOf, writeKept } from './kept.ts'
import type { ResponseStore } from './object.ts'

/** Responses that were made earlier, each known to the tenant only that made it. */
export interface KeptResponses {
  find(tenant: string, id: string): Promise<Kept | undefined>
  keep(tenant: string, id: string, kept: Kept): Promise<void>
  forget(tenant: string, id: string): Promise<void>
  /** Takes what is due for a response, for good: of all who ask, one gets it. */
  claim(tenant: string, id: string): Promise<Due | undefined>
}

/** A conversation longer than this is not kept: to go on from it, its items have to be sent. */
const MAX_CHARS = 8 * 1_048_576
/** A response is written behind its answer: whoever is quick to ask for it may be a moment early. */
const SECOND_LOOK_MS = 250

/** The shards, and what this isolate is about to write to them. */
export function createKeptResponses(
  shards: DurableObjectNamespace<ResponseStore>,
  { timers, retentionMs }: { readonly timers: Timers; readonly retentionMs: number },
): KeptResponses {
  const pending = new Map<string, string>()
  const shard = (key: string): DurableObjectStub<ResponseStore> => shards.getByName(shardOf(key))

  return {
    async find(tenant, id) {
      const key = keyOf(tenant, id)
      const text = pending.get(key) ?? (await shard(key).get(key)) ?? (await secondLook(key))
      return text === undefined ? undefined : readKept(text)
    },
    async keep(tenant, id, kept) {
      const key = keyOf(tenant, id)
      const text = writeKept(kept)
      if (text.length > MAX_CHARS) return
      pending.set(key, text)
      try {
        await shard(key).put(key, text, timers.now() + retentionMs)
      } finally {
        pending.delete(key)
      }
    },
    async forget(tenant, id) {
      const key = keyOf(tenant, id)
      await shard(key).delete(key)
    },
    async claim(tenant, id) {
      const key = keyOf(tenant, id)
      const text = await shard(key).get(key)
      const kept = text === undefined ? undefined : readKept(text)
      if (text === undefined || kept?.kind !== 'relayed' || kept.due === undefined) return undefined
      const { due, ...rest } = kept
      return (await shard(key).replace(key, text, writeKept(rest))) ? due : undefined
    },
  }

  async function secondLook(key: string): Promise<string | undefined> {
    await new Promise<void>((resolve) => {
      timers.after(SECOND_LOOK_MS, resolve)
    })
    return shard(key).get(key)
  }
}
