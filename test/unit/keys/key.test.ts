import { webcrypto } from 'node:crypto'
import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { base62, crc32, randomBase62 } from '../../../src/keys/base62.ts'
import {
  createKeyHasher,
  hintOf,
  isKid,
  looksLikeKey,
  mintKey,
  mintKid,
  parseKey,
} from '../../../src/keys/key.ts'

const randomBytes = (count: number) => webcrypto.getRandomValues(new Uint8Array(count))
const SECRET = 'a secret of the deployment, 32 bytes or more'

/** Any key that can be minted, from the bytes that fast-check chooses. */
const keys = fc
  .tuple(fc.constantFrom('live', 'test'), fc.infiniteStream(fc.nat(255)))
  .map(([kind, stream]) => {
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => stream.next().value ?? 0)
    const kid = mintKid(bytes)
    return { kind, kid, key: mintKey(kind, kid, bytes) }
  })

describe('the form of a key', () => {
  test('every minted key is read back as what it is', () => {
    fc.assert(
      fc.property(keys, ({ kind, kid, key }) => {
        expect(key).toMatch(/^gw_(live|test)_[0-9A-Za-z]{10}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/)
        expect(parseKey(key)).toEqual({ kind, kid })
        expect(looksLikeKey(key)).toBe(true)
        expect(isKid(kid)).toBe(true)
        expect(hintOf(key)).toBe(key.slice(-4))
      }),
    )
  })

  test('no key with one letter changed is a key', () => {
    fc.assert(
      fc.property(keys, fc.nat(67), fc.nat(61), ({ key }, at, letter) => {
        const index = 8 + (at % (key.length - 8))
        const changed = key.slice(0, index) + base62(letter, 1) + key.slice(index + 1)
        fc.pre(changed !== key)
        expect(parseKey(changed)).toBeUndefined()
      }),
    )
  })

  test('two letters swapped are noticed', () => {
    fc.assert(
      fc.property(keys, fc.nat(65), ({ key }, at) => {
        const index = 8 + (at % (key.length - 9))
        const swapped = key.slice(0, index) + key.charAt(index + 1) + key.charAt(index) + key.slice(index + 2)
        fc.pre(swapped !== key)
        expect(parseKey(swapped)).toBeUndefined()
      }),
    )
  })

  test.each(['', 'gw_live_', 'sk-proj-abc', 'gw_live_0000000000_x_000000', `gw_prod_${'0'.repeat(61)}`])(
    'refuses %j',
    (text) => {
      expect(parseKey(text)).toBeUndefined()
    },
  )

  test('arbitrary text is never a key, and never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseKey(text)).toBeUndefined()
      }),
    )
  })

  test('the checksum is the usual CRC-32', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(crc32(text)).toBe(zlibCrc32(text))
      }),
    )
  })

  test('letters come evenly', () => {
    const counts = new Map<string, number>()
    for (const letter of randomBase62(62_000, randomBytes)) counts.set(letter, (counts.get(letter) ?? 0) + 1)
    expect(counts.size).toBe(62)
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200)
  })
})

describe('the stored form', () => {
  test('is a full HMAC: the same for the same key, another for another key or secret', async () => {
    const [hash, other] = [createKeyHasher(SECRET), createKeyHasher(`${SECRET}!`)]
    const key = mintKey('live', mintKid(randomBytes), randomBytes)
    expect(await hash(key)).toMatch(/^[0-9A-Za-z_-]{43}$/)
    expect(await hash(key)).toBe(await hash(key))
    expect(await hash(`${key}x`)).not.toBe(await hash(key))
    expect(await other(key)).not.toBe(await hash(key))
  })

  test('is not accepted as a key', async () => {
    const key = mintKey('live', mintKid(randomBytes), randomBytes)
    expect(parseKey(await createKeyHasher(SECRET)(key))).toBeUndefined()
  })
})
