import { expect, describe, it } from 'vitest'
import { createCache } from '../../../src/cache/cache.ts'
import { importSecret, seal } from '../../../src/cache/entry.ts'
import type { CacheKey, Entry, Identity, KeyValueStore, ResponseCache } from '../../../src/cache/ports.ts'

const SECRET = 'a-secret-of-the-tests-0123456789abcdef'
const LIMITS = { memoryBytes: 1_000_000, maxEntryBytes: 100_000, readTimeoutMs: 250 }
const IDENTITY: Identity = {
  tenant: 'key_a',
  endpoint: 'chat',
  form: 'any',
  route: [],
  generation: '0',
  canonical: 'x',
}
const START = 1_000_000

/** Isolates over one KV, on a clock that a test moves. */
function location() {
  const entries = new Map<string, Uint8Array<ArrayBuffer>>()
  const alarms: string[] = []
  let now = START
  let reachable = true
  let reads = 0
  const kv: KeyValueStore = {
    async get(name) {
      reads++
      if (!reachable) throw new Error('KV is down')
      return entries.get(name)?.slice().buffer ?? null
    },
    put: async (name, value) => void entries.set(name, value),
    async delete(name) {
      if (!reachable) throw new Error('KV is down')
      entries.delete(name)
    },
  }
  return {
    entries,
    alarms,
    at: (seconds: number) => void (now = START + seconds * 1_000),
    cut: (away: boolean) => void (reachable = !away),
    reads: () => reads,
    isolate: (over: { readonly kv: KeyValueStore | undefined } = { kv }) => {
      const work: Promise<unknown>[] = []
      const cache = createCache({
        secret: SECRET,
        ...over,
        timers: { now: () => now, after: () => () => undefined },
        limits: LIMITS,
        alarm: (message) => void alarms.push(message),
      })
      return { ...methods(cache, (each) => void work.push(each)), idle: () => Promise.all(work) }
    },
  }
}

function methods(cache: ResponseCache, defer: (work: Promise<unknown>) => void) {
  const keyOf = () => cache.keyOf(IDENTITY)
  return {
    keyOf,
    remove: async () => cache.remove((await keyOf()).name),
    keep: async (entry: Entry) => cache.keep(await keyOf(), entry, defer),
    find: async () => cache.find(await keyOf(), defer),
  }
}

const entry = (more: Partial<Entry> = {}): Entry => ({
  form: 'json',
  contentType: 'application/json',
  body: new TextEncoder().encode('{}'),
  storedAt: START,
  freshUntil: START + 3_600_000,
  target: { id: 'openai/m', provider: 'openai', model: 'm', credential: 'OPENAI_API_KEY' },
  served: {},
  usage: undefined,
  adapted: [],
  ...more,
})

describe('an entry that is deleted in one isolate', () => {
  it('is served from the memory of another for no longer than a minute', async () => {
    const { isolate, at, reads } = location()
    const [maker, reader] = [isolate(), isolate()]
    await maker.keep(entry())
    await maker.idle()
    await reader.find()
    await reader.remove()
    expect(await reader.find()).toBeUndefined()
    at(59)
    expect(await maker.find()).toEqual(entry())
    const before = reads()
    at(60)
    expect(await maker.find()).toBeUndefined()
    expect(await maker.find()).toBeUndefined()
    expect(reads()).toBe(before + 2)
  })

  it('and one that is not is asked after twice a minute, no more', async () => {
    const { isolate, at, reads } = location()
    const maker = isolate()
    await maker.keep(entry())
    await maker.idle()
    for (let second = 0; second < 600; second++) {
      at(second)
      expect(await maker.find()).toEqual(entry())
    }
    expect(reads()).toBe(18)
  })

  it('says so if KV could not be told', async () => {
    const { isolate, cut } = location()
    const maker = isolate()
    await maker.keep(entry())
    await maker.idle()
    cut(true)
    await expect(maker.remove()).rejects.toThrow('KV is down')
  })
})

it('memory serves on while KV cannot be asked', async () => {
  const { isolate, at, cut, reads } = location()
  const maker = isolate()
  await maker.keep(entry())
  await maker.idle()
  cut(true)
  for (let second = 60; second < 90; second++) {
    at(second)
    expect(await maker.find()).toEqual(entry())
  }
  expect(reads()).toBe(6)
})

it('without KV, memory is sure of itself', async () => {
  const { isolate, at, reads } = location()
  const maker = isolate({ kv: undefined })
  await maker.keep(entry())
  at(3_599)
  expect(await maker.find()).toEqual(entry())
  expect(reads()).toBe(0)
})

it('an entry that names another tenant is removed, not served, and told of without content', async () => {
  const { isolate, entries, alarms } = location()
  const reader = isolate()
  const key = await reader.keyOf()
  const forged: CacheKey = { ...key, tenant: 'key_b' }
  const secret = entry({ body: new TextEncoder().encode('the-answer-of-b') })
  entries.set(`response/${key.name}`, await seal(await importSecret(SECRET), forged, secret))
  expect(await reader.find()).toBeUndefined()
  await reader.idle()
  expect(entries.size).toBe(0)
  expect(alarms).toEqual([expect.stringContaining(key.name)])
  expect(alarms.join()).not.toMatch(/key_a|key_b|the-answer-of-b/)
})
