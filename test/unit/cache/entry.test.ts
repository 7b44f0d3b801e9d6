import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { importSecret, seal, unseal } from '../../../src/cache/entry.ts'
import { createMemory } from '../../../src/cache/memory.ts'
import type { CacheKey, Entry } from '../../../src/cache/ports.ts'

const secret = await importSecret('a-secret-of-the-tests-0123456789abcdef')
const keyed = (fill: number, tenant = 'key_a', name = 'n'): CacheKey => ({
  name,
  tenant,
  turn: 1,
  digest: new Uint8Array(32).fill(fill),
})
const entry = (size = 10): Entry => ({
  form: 'json',
  contentType: 'application/json',
  body: new Uint8Array(size).fill(65),
  storedAt: 1_000,
  freshUntil: 2_000,
  target: { id: 'openai/m', provider: 'openai', model: 'm', credential: 'OPENAI_API_KEY' },
  served: { model: 'm-1' },
  usage: { inputTokens: 3, outputTokens: 4, cachedTokens: 1 },
  adapted: ['verbosity=dropped'],
})
const held = (size?: number) => ({ entry: entry(size), sureUntil: Infinity })

describe('a sealed entry', () => {
  it('opens as it was, and shows nothing', async () => {
    const sealed = await seal(secret, keyed(1), entry())
    expect(await unseal(secret, keyed(1), sealed)).toEqual(entry())
    const text = new TextDecoder('latin1').decode(sealed)
    for (const word of ['AAAA', 'key_a', 'openai', 'json']) expect(text).not.toContain(word)
  })

  it('is another each time', async () => {
    expect(await seal(secret, keyed(1), entry())).not.toEqual(await seal(secret, keyed(1), entry()))
  })

  it('does not open for another request, tenant, place or secret', async () => {
    const sealed = await seal(secret, keyed(1), entry())
    expect(await unseal(secret, keyed(2), sealed)).toBeUndefined()
    expect(await unseal(secret, keyed(1, 'key_b'), sealed)).toBe('foreign')
    expect(await unseal(secret, keyed(1, 'key_a', 'm'), sealed)).toBeUndefined()
    const other = await importSecret('another-secret-of-the-tests-0123456789')
    expect(await unseal(other, keyed(1), sealed)).toBeUndefined()
  })

  it('does not open once a bit has changed, or a byte is missing', async () => {
    const sealed = await seal(secret, keyed(1), entry())
    await fc.assert(
      fc.asyncProperty(fc.nat(sealed.length - 1), fc.nat(7), async (at, bit) => {
        const changed = sealed.slice()
        changed[at] = changed[at]! ^ (1 << bit)
        expect(await unseal(secret, keyed(1), changed)).toBeUndefined()
        expect(await unseal(secret, keyed(1), sealed.slice(0, at))).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })
})

describe('memory', () => {
  it('lets go of what was not asked for the longest, by bytes', () => {
    const memory = createMemory(40_000)
    const keys = ['a', 'b', 'c', 'd', 'e'].map((name, i) => keyed(i, 't', name))
    for (const key of keys.slice(0, 4)) memory.set(key, held(8_000))
    expect(memory.get(keys[0]!)).toBeDefined()
    memory.set(keys[4]!, held(8_000))
    expect(keys.map((key) => memory.get(key) !== undefined)).toEqual([true, false, true, true, true])
  })

  it('does not hold what would push out nearly everything', () => {
    const memory = createMemory(40_000)
    memory.set(keyed(1), held(11_000))
    expect(memory.get(keyed(1))).toBeUndefined()
  })

  it('gives nothing to another request or tenant at the same place', () => {
    const memory = createMemory(40_000)
    for (const other of [keyed(2), keyed(1, 'key_b')]) {
      memory.set(keyed(1), held())
      expect(memory.get(other)).toBe('foreign')
      expect(memory.get(keyed(1))).toBeUndefined()
    }
    memory.set(keyed(1), held())
    memory.delete('n')
    expect(memory.get(keyed(1))).toBeUndefined()
  })
})
