import { describe, expect, test } from 'vitest'
import { createKeyHasher, mintKey } from '../../../src/keys/key.ts'
import { newKeySchema, type NewKey, newRecord } from '../../../src/keys/object/key-input.ts'
import {
  type Admission,
  createKeyRing,
  type Found,
  type HeldKey,
} from '../../../src/keys/isolate/key-ring.ts'
import { createLedger } from '../../../src/keys/limits/ledger.ts'
import { authorize, type KeyRecord } from '../../../src/keys/record.ts'
import { refusalError } from '../../../src/keys/refusal.ts'
import { answerSync, revoked, type SyncInput } from '../../../src/keys/limits/sync.ts'
import { FakeTimers, settle as settled } from '../support/clock.ts'

const hashKey = createKeyHasher('a secret of the deployment, 32 bytes or more')
const bytes = (count: number) => Uint8Array.from({ length: count }, (_, i) => (i * 7) % 248)
const CALL = { requests: 1, tokens: 1_000, nanoUsd: 1_000_000 }
const PLENTY: NewKey = {
  name: 'k',
  limits: { requestsPerMinute: 600, concurrent: 64 },
  budgets: { total: 5 },
}

interface Behaviour {
  mode: 'up' | 'down' | 'slow' | 'sleepy'
}

/** One isolate, one key object, and the messages between them. */
async function world(input: NewKey) {
  const timers = new FakeTimers(Date.UTC(2026, 10, 24, 12))
  const base = newRecord(newKeySchema.parse(input), timers.now(), bytes)
  const key = mintKey('live', base.id, bytes)
  const secret = { hash: await hashKey(key), hint: 'abcd', createdAt: 0 }
  let record: KeyRecord = { ...base, secrets: [secret] }
  const store = { books: () => undefined, grants: () => [], putBooks() {}, putGrant() {}, dropGrant() {} }
  const ledger = createLedger(store, timers.now())
  const network: Behaviour = { mode: 'up' }
  const sent: SyncInput[] = []
  const ring = createKeyRing({
    hashKey,
    timers,
    chance: { now: () => timers.now(), random: Math.random },
    async sync(kid, message) {
      sent.push(message)
      if (network.mode === 'down') throw new Error('unreachable')
      if (network.mode === 'sleepy') await new Promise<void>((resolve) => timers.after(1_000, resolve))
      if (network.mode === 'slow') await new Promise<void>((resolve) => timers.after(5_000, resolve))
      if (kid !== record.id) return { meters: {} }
      return answerSync(record, ledger, message, { now: timers.now(), equal: (a, b) => a === b })
    },
  })
  const deferred: Promise<unknown>[] = []
  const defer = (work: Promise<unknown>) => void deferred.push(work)
  let calls = 0
  return {
    timers,
    key,
    ring,
    network,
    sent,
    find: (text = key) => ring.find(text, defer),
    standing: (held: HeldKey) => ring.standing(held, defer),
    admit: (held: HeldKey, call = CALL) =>
      ring.admit(held, { id: `call_${calls++}`, ...call }, { callMs: 60_000, defer }),
    settle: (admission: Admission, nanoUsd: number) => {
      if (admission.ok) ring.settle(admission.admitted, { tokens: 10, nanoUsd }, defer)
    },
    change: (change: (record: KeyRecord) => KeyRecord) => {
      record = change(record)
    },
    usage: () => ledger.usage(record, timers.now()),
  }
}

function found(result: Found): HeldKey {
  if (result.kind !== 'found') throw new Error(result.kind)
  return result
}

describe('finding a key', () => {
  test('asks once, then serves its copy; refreshes it behind a request after 5 s', async () => {
    const { find, sent, timers } = await world({ name: 'k' })
    expect(found(await find()).key).toMatchObject({ name: 'k' })
    expect(found(await find()).key).not.toHaveProperty('secrets')
    await timers.advance(4_999)
    await find()
    expect(sent).toHaveLength(1)
    await timers.advance(1)
    await find()
    await find()
    await settled()
    expect(sent).toHaveLength(2)
  })

  test('a revoked key is known as such after 10 s at the latest, at once after `forget`', async () => {
    const { find, change, timers, ring } = await world({ name: 'k' })
    const held = found(await find())
    change((record) => revoked(record, timers.now()))
    expect(found(await find()).key.revokedAt).toBeUndefined()
    ring.forget(held.key.id)
    expect(found(await find()).key.revokedAt).toBe(timers.now())

    const other = await world({ name: 'k' })
    await other.find()
    other.change((record) => revoked(record, other.timers.now()))
    await other.timers.advance(10_000)
    expect(found(await other.find()).key.revokedAt).toBeDefined()
  })

  test('what goes on with a key asks for it again behind itself, and hears of its end within 10 s', async () => {
    const { timers, find, change, standing, sent } = await world({ name: 'k' })
    const may = standing(found(await find()))
    const heard: unknown[] = []
    const now = () => may({ endpoint: 'realtime' }, () => heard.push(now()))
    expect(now()).toBeUndefined()
    change((record) => revoked(record, timers.now()))
    const asked = sent.length
    await timers.advance(4_999)
    expect([now(), sent.length]).toEqual([undefined, asked])
    await timers.advance(1)
    expect([now(), now(), sent.length]).toEqual([undefined, undefined, asked + 1])
    await settled()
    expect(heard).toEqual(['revoked'])
    expect(now()).toBe('revoked')
  })

  test('what goes on with a key ends with its time, with its scope, and after 15 minutes without its object', async () => {
    const { timers, find, change, standing, network } = await world({
      name: 'k',
      scopes: { models: ['a'] },
      expiresAt: Date.UTC(2026, 10, 24, 13),
    })
    const may = standing(found(await find()))
    const now = (model: string) => may({ model }, () => undefined)
    expect([now('a'), now('b')]).toEqual([undefined, 'model'])
    change((record) => ({ ...record, scopes: { ...record.scopes, models: ['b'] } }))
    await timers.advance(5_000)
    now('a')
    await settled()
    expect([now('a'), now('b')]).toEqual(['model', undefined])
    network.mode = 'down'
    for (let i = 0; i < 89; i++) {
      await timers.advance(10_000)
      expect(now('b')).toBeUndefined()
      await settled()
    }
    await timers.advance(10_000)
    expect(now('b')).toBe('unavailable')
    network.mode = 'up'
    await settled()
    await timers.advance(10_000)
    now('b')
    await settled()
    expect(now('b')).toBeUndefined()
    await timers.advance(3_600_000)
    now('b')
    await settled()
    expect(now('b')).toBe('expired')
  })

  test('waits for an object that is slow, so that a key revoked meanwhile is not served', async () => {
    const { find, network, timers, change } = await world({ name: 'k' })
    await find()
    change((record) => revoked(record, timers.now()))
    network.mode = 'sleepy'
    await timers.advance(600_000)
    const waiting = find()
    await timers.advance(1_500)
    expect(found(await waiting)).toMatchObject({
      stale: false,
      key: { revokedAt: expect.any(Number) as number },
    })
  })

  test('serves an old copy on while its object is out, for 15 minutes, marked; only the first waits', async () => {
    const { find, network, timers } = await world({ name: 'k' })
    await find()
    network.mode = 'slow'
    await timers.advance(10_000)
    const waiting = find()
    await timers.advance(2_000)
    expect(await waiting).toMatchObject({ kind: 'found', stale: true })
    const next = find()
    await timers.advance(150)
    expect(await next).toMatchObject({ kind: 'found', stale: true })
    network.mode = 'down'
    await timers.advance(60_000)
    expect(await find()).toMatchObject({ kind: 'found', stale: true })
    await timers.advance(900_000)
    expect(await find()).toEqual({ kind: 'unavailable' })
  })

  test('what is no key asks nobody; what is unknown is asked once in 5 s', async () => {
    const { find, sent, timers } = await world({ name: 'k' })
    expect(await find('sk-proj-whatever')).toEqual({ kind: 'unknown' })
    expect(sent).toHaveLength(0)
    const other = mintKey('live', 'AAAAAAAAAA', bytes)
    expect(await find(other)).toEqual({ kind: 'unknown' })
    expect(await find(other)).toEqual({ kind: 'unknown' })
    expect(sent).toHaveLength(1)
    await timers.advance(5_000)
    await find(other)
    expect(sent).toHaveLength(2)
  })

  test('the right id with another secret is unknown', async () => {
    const { find } = await world({ name: 'k' })
    const forged = mintKey('live', found(await find()).key.id, (count) => new Uint8Array(count))
    expect(await find(forged)).toEqual({ kind: 'unknown' })
  })
})

describe('admitting calls', () => {
  test('a first request asks once for key and lease, those after it nobody, and all is told in time', async () => {
    const { find, admit, settle, sent, timers, usage } = await world(PLENTY)
    const held = found(await find())
    for (let i = 0; i < 2; i++) {
      const admission = admit(held)
      if (admission instanceof Promise) throw new Error('waits')
      settle(admission, 400_000)
    }
    expect(sent).toHaveLength(1)
    await timers.advance(3_000)
    expect(usage().budgets.total).toMatchObject({ spentUsd: 0.0008, heldUsd: 0 })
    expect(usage()).toMatchObject({ requests: { remaining: 598 }, concurrent: { running: 0 } })
    expect(sent).toHaveLength(2)
    expect(timers.armed).toBe(0)
  })

  test('says what is left in the headers OpenAI uses', async () => {
    const { find, admit } = await world(PLENTY)
    expect(await admit(found(await find()))).toMatchObject({
      headers: {
        'x-ratelimit-limit-requests': '600',
        'x-ratelimit-remaining-requests': '599',
        'x-ratelimit-reset-requests': expect.stringMatching(/^1m[\d.]+s$/),
      },
    })
  })

  test('near a limit the object is asked each time, and its no is final (B-01)', async () => {
    const { find, admit, settle, sent, timers, usage } = await world({ name: 'k', budgets: { total: 0.01 } })
    const held = found(await find())
    const answers = await Promise.all(Array.from({ length: 200 }, async () => admit(held)))
    const served = answers.filter(({ ok }) => ok)
    expect(served).toHaveLength(10)
    const refused = answers.find(({ ok }) => !ok)
    if (refused?.ok !== false) throw new Error('not refused')
    const error = refusalError(refused.refusal)
    expect(error).toMatchObject({ code: 'insufficient_quota', status: 429, detail: { retry: false } })
    for (const each of served) settle(each, 1_000_000)
    await timers.advance(3_000)
    expect(usage().budgets.total).toMatchObject({ spentUsd: 0.01, heldUsd: 0 })
    const before = sent.length
    expect(await admit(held)).toMatchObject({ ok: false, refusal: { kind: 'total', never: false } })
    expect(sent).toHaveLength(before + 1)
  })

  test('a hundred streams cut off at once are settled once each, and nothing stays held (B-05)', async () => {
    const { find, admit, settle, timers, usage } = await world({
      name: 'k',
      limits: { concurrent: 100 },
      budgets: { day: 5 },
    })
    const held = found(await find())
    const answers = await Promise.all(Array.from({ length: 100 }, async () => admit(held)))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(100)
    for (const each of answers) settle(each, 10_000)
    for (const each of answers) settle(each, 10_000)
    await timers.advance(3_000)
    expect(usage()).toMatchObject({
      concurrent: { running: 0 },
      budgets: { day: { spentUsd: 0.001, heldUsd: 0 } },
    })
  })

  test('usage that is no number is settled as the worst case (B-07)', async () => {
    const { find, admit, settle, timers, usage } = await world(PLENTY)
    const held = found(await find())
    for (const cost of [-1, Number.NaN, Infinity]) settle(await admit(held), cost)
    await timers.advance(3_000)
    expect(usage().budgets.total.spentUsd).toBe(0.003)
  })

  test('a key without limits never waits, and is counted all the same', async () => {
    const { find, admit, settle, sent, timers, usage } = await world({ name: 'k' })
    const held = found(await find())
    for (let i = 0; i < 50; i++) settle(await admit(held), 1_000_000)
    expect(sent).toHaveLength(1)
    await timers.advance(6_000)
    expect(usage().budgets.total.spentUsd).toBe(0.05)
    expect(sent).toHaveLength(2)
  })

  test('an answer that comes too late gives its grant back', async () => {
    const { find, admit, network, timers, usage, settle } = await world({ name: 'k', budgets: { total: 5 } })
    const held = found(await find())
    await timers.advance(3_000)
    network.mode = 'slow'
    const waiting = admit(held, { ...CALL, nanoUsd: 4_000_000_000 })
    await timers.advance(2_000)
    expect(await waiting).toMatchObject({ ok: false, refusal: { kind: 'unavailable' } })
    await timers.advance(3_100)
    network.mode = 'up'
    await timers.advance(8_000)
    expect(usage().budgets.total).toMatchObject({ spentUsd: 0, heldUsd: 0 })
    settle(await admit(held), 0)
  })
})

describe('without the object', () => {
  test('a key that fails closed is refused with 503 and told when to try again', async () => {
    const { find, admit, network, timers } = await world({ name: 'k', budgets: { total: 5 } })
    const held = found(await find())
    await timers.advance(3_000)
    network.mode = 'down'
    const answer = await admit(held)
    if (answer.ok) throw new Error('admitted')
    expect(refusalError(answer.refusal)).toMatchObject({ code: 'limiter_unavailable', status: 503 })
  })

  test('a key that fails open spends a twentieth of its budget per isolate, and all of it is told later', async () => {
    const { find, admit, settle, network, timers, usage } = await world({
      name: 'k',
      budgets: { total: 1 },
      failMode: 'open',
    })
    const held = found(await find())
    await timers.advance(3_000)
    network.mode = 'down'
    let served = 0
    for (let i = 0; i < 100; i++) {
      const admission = await admit(held)
      if (admission.ok) served++
      settle(admission, 1_000_000)
      await timers.advance(1_000)
    }
    expect(served).toBe(50)
    network.mode = 'up'
    await timers.advance(60_000)
    settle(await admit(held), 0)
    await timers.advance(5_000)
    expect(usage().budgets.total).toMatchObject({ spentUsd: 0.05, heldUsd: 0 })
  })
})

test('a key that is known is checked in less than 30 µs of CPU, and nobody is asked', async () => {
  const { timers, find, sent } = await world(PLENTY)
  const check = async (): Promise<void> => {
    const found = await find()
    if (found.kind !== 'found' || authorize(found.key, { now: timers.now() }) !== undefined)
      throw new Error('the key was refused')
  }
  for (let i = 0; i < 5_000; i++) await check() // compiled by now
  const asked = sent.length
  const from = process.cpuUsage()
  for (let i = 0; i < 20_000; i++) await check()
  const { user, system } = process.cpuUsage(from)
  expect((user + system) / 20_000).toBeLessThan(30)
  expect(sent).toHaveLength(asked)
})
