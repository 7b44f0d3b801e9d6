import { env } from 'cloudflare:workers'
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { keysOf } from '../../src/keys/object/bindings.ts'
import type { NewKey } from '../../src/keys/object/key-input.ts'
import type { Admission, Found, HeldKey } from '../../src/keys/isolate/key-ring.ts'

const SECRET = 'a secret of the deployment, 32 bytes or more'
const CALL = { requests: 1, tokens: 1_000, nanoUsd: 1_000_000 }

/** A clock that a test can set ahead, for isolate and objects alike only where it says so. */
function isolate() {
  let skew = 0
  const timers = {
    now: () => Date.now() + skew,
    after(ms: number, work: () => void) {
      const id = setTimeout(work, ms)
      return () => clearTimeout(id)
    },
  }
  const deferred: Promise<unknown>[] = []
  const defer = (work: Promise<unknown>) => void deferred.push(work)
  const { ring, admin } = keysOf(env, SECRET, { timers, chance: { now: timers.now, random: Math.random } })
  let calls = 0
  const id = Math.random()
  return {
    ring,
    admin,
    skip: (ms: number) => {
      skew += ms
    },
    find: (key: string) => ring.find(key, defer),
    admit: async (held: HeldKey, call = CALL) =>
      ring.admit(held, { id: `${id}_${calls++}`, ...call }, { callMs: 60_000, defer }),
    settle: (admission: Admission, nanoUsd: number) => {
      if (admission.ok) ring.settle(admission.admitted, { tokens: 10, nanoUsd }, defer)
    },
    done: async () => {
      while (deferred.length > 0) await deferred.shift()
    },
  }
}

function found(result: Found): HeldKey {
  if (result.kind !== 'found') throw new Error(result.kind)
  return result
}

async function made(input: NewKey) {
  const here = isolate()
  const { key, description } = await here.admin.create(input)
  return { ...here, key, kid: description.id, stub: env.KEYS.getByName(description.id) }
}

describe('administration', () => {
  test('a key is shown once, listed, found, and stored as a hash only', async () => {
    const { key, kid, find, admin, stub } = await made({ name: 'first', tenant: 'acme' })
    expect(found(await find(key)).key).toMatchObject({ id: kid, tenant: 'acme', name: 'first' })
    const description = await admin.describe(kid)
    expect(description.secrets).toEqual([{ hint: key.slice(-4), createdAt: expect.any(Number) }])
    const { keys } = await admin.list({})
    expect(keys.find(({ id }) => id === kid)).toMatchObject({ hint: key.slice(-4), state: 'active' })
    const stored = await runInDurableObject(stub, (_, state) => JSON.stringify([...state.storage.kv.list()]))
    expect(stored).toContain('first')
    expect(stored).not.toContain(key.split('_')[3])
    expect(JSON.stringify([description, keys])).not.toMatch(/hash/)
  })

  test('lists are paged, newest first', async () => {
    const { admin } = isolate()
    for (let i = 0; i < 5; i++) await admin.create({ name: `page ${i}` })
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await admin.list({ after, limit: 2 })
      seen.push(...page.keys.map(({ name }) => name))
      after = page.next
    } while (after !== undefined)
    expect(seen.filter((name) => name.startsWith('page')).sort()).toEqual(
      [0, 1, 2, 3, 4].map((i) => `page ${i}`),
    )
    expect(new Set(seen).size).toBe(seen.length)
  })

  test('a rotation overlaps, a revocation holds at once here and within 10 s elsewhere', async () => {
    const { key, kid, find, admin } = await made({ name: 'r' })
    const elsewhere = isolate()
    expect(await elsewhere.find(key)).toMatchObject({ kind: 'found' })
    const next = await admin.rotate(kid, 60_000)
    expect(next.key).not.toBe(key)
    expect(found(await find(key)).key.secretExpiresAt).toBeGreaterThan(Date.now())
    expect(found(await find(next.key)).key.secretExpiresAt).toBeUndefined()
    await admin.revoke(kid)
    expect(found(await find(next.key)).key.revokedAt).toBeDefined()
    elsewhere.skip(10_000)
    expect(found(await elsewhere.find(key)).key.revokedAt).toBeDefined()
    expect((await admin.list({})).keys.find(({ id }) => id === kid)).toMatchObject({ state: 'revoked' })
  })

  test('without overlap the old key ends with the rotation', async () => {
    const { key, kid, find, admin } = await made({ name: 'r' })
    await admin.rotate(kid, 0)
    expect(await find(key)).toEqual({ kind: 'unknown' })
  })

  test('what does not exist is a 404, and asking for it stores nothing', async () => {
    const { admin } = isolate()
    for (const kid of ['AAAAAAAAAA', '../../etc', ''])
      await expect(admin.describe(kid)).rejects.toMatchObject({ code: 'key_not_found' })
    const stored = await runInDurableObject(env.KEYS.getByName('AAAAAAAAAA'), (_, state) => [
      ...state.storage.kv.list(),
    ])
    expect(stored).toEqual([])
  })
})

describe('limits', () => {
  test('200 calls at once on a budget for ten: ten are served, and what they cost is counted once', async () => {
    const { key, find, admit, settle, done, admin, kid } = await made({ name: 'b', budgets: { total: 0.01 } })
    const held = found(await find(key))
    const answers = await Promise.all(Array.from({ length: 200 }, () => admit(held)))
    expect(answers.filter(({ ok }) => ok)).toHaveLength(10)
    for (const each of answers) settle(each, 1_000_000)
    await done()
    expect((await admin.usage(kid)).budgets.total).toEqual({ limitUsd: 0.01, spentUsd: 0.01, heldUsd: 0 })
  })

  test('what is set aside survives a restart of the object, and so does what was spent', async () => {
    const { key, find, admit, settle, done, admin, kid, stub } = await made({
      name: 'b',
      budgets: { day: 0.01 },
    })
    const held = found(await find(key))
    const first = await admit(held, { ...CALL, nanoUsd: 8_000_000 })
    await evictDurableObject(stub)
    expect((await admin.usage(kid)).budgets.day.heldUsd).toBeGreaterThanOrEqual(0.008)
    expect(await admit(held, { ...CALL, nanoUsd: 8_000_000 })).toMatchObject({ ok: false })
    settle(first, 5_000_000)
    await done()
    await evictDurableObject(stub)
    expect((await admin.usage(kid)).budgets.day).toMatchObject({ spentUsd: 0.005, heldUsd: 0 })
  })

  test('an alarm ends what nobody reports: its slots are free, its money is given back or charged', async () => {
    const { key, find, admit, admin, kid, stub } = await made({
      name: 'b',
      limits: { concurrent: 1 },
      budgets: { total: 1 },
    })
    const held = found(await find(key))
    expect(await admit(held, { ...CALL, nanoUsd: 600_000_000 })).toMatchObject({ ok: true })
    expect(await admit(held)).toMatchObject({ ok: false, refusal: { kind: 'concurrent' } })
    const alarm = await runInDurableObject(stub, (_, state) => state.storage.getAlarm())
    expect(alarm).toBeGreaterThan(Date.now() + 100_000)
    const realNow = Date.now
    try {
      const later = realNow() + 130_000
      Date.now = () => later
      expect(await runDurableObjectAlarm(stub)).toBe(true)
    } finally {
      Date.now = realNow
    }
    expect(await admin.usage(kid)).toMatchObject({
      concurrent: { running: 0 },
      unsettledUsd: 0.6,
      budgets: { total: { spentUsd: 0.6, heldUsd: 0 } },
    })
  })

  test('two isolates share one limit', async () => {
    const { key, find, admit } = await made({ name: 'b', limits: { requestsPerMinute: 40 } })
    const other = isolate()
    const [here, there] = [found(await find(key)), found(await other.find(key))]
    let served = 0
    for (let i = 0; i < 60; i++) {
      if ((await admit(here)).ok) served++
      if ((await other.admit(there)).ok) served++
    }
    expect(served).toBeLessThanOrEqual(40)
    expect(served).toBeGreaterThanOrEqual(36)
  })
})
