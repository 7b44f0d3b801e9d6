import type { KeyValueStore } from '../../src/cache/ports.ts'

export interface FakeKv extends KeyValueStore {
  readonly entries: Map<string, Uint8Array<ArrayBuffer>>
  readonly ttls: number[]
  reads: number
  writes: number
}
/** A namespace in this process, with what a test wants to go wrong. */
export function fakeKv(faults: { read?: () => Promise<never>; write?: () => Promise<void> } = {}): FakeKv {
  const entries = new Map<string, Uint8Array<ArrayBuffer>>()
  return {
    entries,
    ttls: [],
    reads: 0,
    writes: 0,
    async get(name) {
      this.reads++
      if (faults.read !== undefined) return faults.read()
      return entries.get(name)?.slice().buffer ?? null
    },
    async put(name, value, { expirationTtl }) {
      this.writes++
      this.ttls.push(expirationTtl)
      await faults.write?.()
      entries.set(name, value)
    },
    async delete(name) {
      entries.delete(name)
    },
  }
}
