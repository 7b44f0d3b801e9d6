import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { changed, keyChangeSchema, newKeySchema, newRecord } from '../../../src/keys/object/key-input.ts'
import { principalOf } from '../../../src/keys/principal.ts'
import {
  authorize,
  findSecret,
  isLimited,
  keyRecordSchema,
  matches,
  NANO_USD,
  viewOf,
} from '../../../src/keys/record.ts'

const NOW = 1_800_000_000_000
const zeros = (count: number) => new Uint8Array(count)
const make = (input: object = {}) => newRecord(newKeySchema.parse({ name: 'k', ...input }), NOW, zeros)

describe('a new key', () => {
  test('has the defaults that its schema states', () => {
    const record = keyRecordSchema.parse(make())
    expect(record).toMatchObject({
      tenant: 'key_0000000000',
      kind: 'live',
      disabled: false,
      failMode: 'closed',
    })
    expect(record.scopes).toEqual({ override: false, metadata: {} })
    expect(isLimited(record)).toBe(false)
  })

  test('keeps dollars as whole nanodollars, never more than was said', () => {
    const { budgets } = make({ budgets: { day: 0.29, month: 5, total: 1e-9 } })
    expect(budgets).toEqual({ day: 290_000_000, month: 5 * NANO_USD, total: 1 })
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (day) => {
        const stored = make({ budgets: { day } }).budgets.day ?? -1
        expect(Number.isSafeInteger(stored)).toBe(true)
        expect(Math.abs(stored - day * NANO_USD)).toBeLessThanOrEqual(1.1)
      }),
    )
  })

  test.each(['spent', 'hash', 'role', 'secrets', 'id', 'revokedAt'])('cannot say its own %s', (name) => {
    expect(newKeySchema.safeParse({ name: 'k', [name]: 'x' }).success).toBe(false)
  })

  test('a change replaces what it names and nothing else', () => {
    const record = make({ expiresAt: NOW + 1, limits: { concurrent: 3 } })
    const next = changed(record, keyChangeSchema.parse({ budgets: { total: 2 }, disabled: true }))
    expect(next).toEqual({ ...record, budgets: { total: 2 * NANO_USD }, disabled: true, version: 2 })
    expect(changed(record, { expiresAt: null })).not.toHaveProperty('expiresAt')
    expect(keyChangeSchema.safeParse({ tenant: 'other' }).success).toBe(false)
    const cached = changed(record, keyChangeSchema.parse({ cache: { ttlSeconds: 60 } }))
    expect(keyRecordSchema.parse(cached).cache).toEqual({ ttlSeconds: 60 })
    expect(changed(cached, { name: 'other' }).cache).toEqual({ ttlSeconds: 60 })
    expect(changed(cached, { cache: null })).not.toHaveProperty('cache')
    for (const ttlSeconds of [0, 1.5, 2_592_001])
      expect(keyChangeSchema.safeParse({ cache: { ttlSeconds } }).success).toBe(false)
  })
})

describe('authorize', () => {
  const view = (input: object = {}) => viewOf(make(input))
  test('says what stands in the way, the state of the key first', () => {
    expect(authorize(view(), { now: NOW, model: 'gpt-4o', endpoint: 'chat' })).toBeUndefined()
    expect(authorize({ ...view(), revokedAt: NOW, disabled: true }, { now: NOW })).toBe('revoked')
    expect(authorize({ ...view(), disabled: true }, { now: NOW })).toBe('disabled')
    expect(authorize(view({ expiresAt: NOW }), { now: NOW })).toBe('expired')
    expect(authorize(view({ expiresAt: NOW + 1 }), { now: NOW })).toBeUndefined()
    expect(authorize({ ...view(), secretExpiresAt: NOW }, { now: NOW })).toBe('revoked')
  })

  test('holds requests to the scope of the key', () => {
    const key = view({ scopes: { models: ['gpt-4o-mini', 'gemini-2.5-*', 'cheap'], endpoints: ['chat'] } })
    const model = (name: string) => authorize(key, { now: NOW, model: name })
    expect(authorize(key, { now: NOW, endpoint: 'embeddings' })).toBe('endpoint')
    const covered = [
      'gpt-4o-mini',
      'openai/gpt-4o-mini',
      'gpt-4o-mini-2024-07-18',
      'gemini-2.5-flash',
      'cheap',
    ]
    const others = ['gpt-4o', 'gemini-3-pro', 'cheap2', 'GPT-4o-mini', '../gpt-4o-mini', '']
    expect([...covered, ...others].filter((name) => model(name) === undefined)).toEqual(covered)
    expect(authorize(view({ scopes: { models: [] } }), { now: NOW, model: 'gpt-4o' })).toBe('model')
  })

  test('a star stands for any run of characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 6 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }),
        (pattern, name) => {
          const oracle = new RegExp(`^${pattern.replaceAll('*', '[ab]*')}$`)
          expect(matches(pattern, name)).toBe(oracle.test(name))
        },
      ),
    )
  })
})

test('the holder of a key is its tenant, with what its scopes allow', () => {
  const key = viewOf(make({ tenant: 'acme', scopes: { override: true } }))
  expect(principalOf(key)).toEqual({
    tenant: 'acme',
    keyId: key.id,
    sharesAccount: true,
    may: { override: true, observe: false },
  })
})

test('a secret counts until its overlap ends, and only with the whole hash', () => {
  const secrets = [
    { hash: 'old', hint: 'aaaa', createdAt: 1, expiresAt: NOW },
    { hash: 'new', hint: 'bbbb', createdAt: 2 },
  ]
  const record = { ...make(), secrets }
  const equal = (a: string, b: string) => a === b
  expect(findSecret(record, 'old', NOW - 1, equal)?.hint).toBe('aaaa')
  expect(findSecret(record, 'old', NOW, equal)).toBeUndefined()
  expect(findSecret(record, 'new', NOW, equal)?.hint).toBe('bbbb')
  expect(findSecret(record, 'ne', NOW, equal)).toBeUndefined()
})
