import { describe, expect, test } from 'vitest'
import { createBatcher, DEFERRED_MS } from '../../../src/usage/batcher.ts'
import { BATCH_MAX, GATHER_MS } from '../../../src/usage/outbox.ts'
import type { Batch, Receipt } from '../../../src/usage/wire.ts'
import { FakeTimers, settle } from '../support/clock.ts'
import { entry, START } from './support.ts'

/** A batcher, when each of its batches left, and an object that takes `answerMs` to answer. */
function bench({ answerMs = 10, gatherMs = GATHER_MS, fails = false } = {}) {
  const timers = new FakeTimers(START)
  const sent: { at: number; batch: Batch }[] = []
  const deferred: Promise<unknown>[] = []
  const object = () => ({
    async report(batch: Batch): Promise<Receipt> {
      sent.push({ at: timers.now() - START, batch })
      if (fails) throw new Error('The ledger is away.')
      await new Promise<void>((resolve) => void timers.after(answerMs, resolve))
      return { next: batch.from + batch.entries.length, gatherMs }
    },
  })
  const batcher = createBatcher({ isolate: 'i', timers, object })
  const defer = (work: Promise<unknown>): void => void deferred.push(work)
  return {
    timers,
    sent,
    deferred,
    begin: () => batcher.begin('o', defer),
    add: () => batcher.add('o', entry({}), defer),
    left: () => sent.map(({ at, batch }) => [at, batch.entries.length, batch.open]),
  }
}

describe('what an isolate has to say', () => {
  test('leaves in less than two seconds, also what is added while a batch is under way', async () => {
    const { timers, begin, add, left } = bench({ answerMs: 300 })
    begin()
    add()
    await timers.advance(GATHER_MS + 100)
    begin()
    add()
    await timers.advance(5_000)
    expect(left()).toEqual([
      [GATHER_MS, 1, 0],
      [GATHER_MS + 100 + GATHER_MS, 1, 0],
    ])
  })

  test('follows at once where the object took longer than that to answer', async () => {
    const { timers, begin, add, left, deferred } = bench({ answerMs: 4_000 })
    begin()
    add()
    await timers.advance(GATHER_MS + 100)
    begin()
    add()
    await timers.advance(20_000)
    expect(left()).toEqual([
      [GATHER_MS, 1, 0],
      [GATHER_MS + 4_000, 1, 0],
    ])
    await Promise.all(deferred)
  })

  test('is sent by the next request where the one that waited is gone', async () => {
    const { timers, begin, add, left } = bench()
    const after = timers.after.bind(timers)
    timers.after = () => () => undefined // its request was cut off, and its timers with it
    begin()
    add()
    timers.after = after
    await timers.advance(GATHER_MS + 1)
    begin()
    add()
    await settle()
    expect(left()).toEqual([[GATHER_MS + 1, 1, 1]])
  })

  test('is that a request has begun, where that lasts', async () => {
    const { timers, begin, add, left } = bench()
    begin()
    await timers.advance(10_000)
    begin()
    await timers.advance(10_000)
    add()
    await timers.advance(10_000)
    add()
    await timers.advance(10_000)
    expect(left()).toEqual([
      [GATHER_MS, 0, 1],
      [10_000 + GATHER_MS, 0, 2],
      [20_000 + GATHER_MS, 1, 1],
      [30_000 + GATHER_MS, 1, 0],
    ])
  })

  test('is repeated for entries only, and never for longer than the runtime lets it', async () => {
    const { timers, begin, add, sent, deferred } = bench({ fails: true })
    begin()
    await timers.advance(60_000)
    expect(sent.map(({ at }) => at)).toEqual([GATHER_MS])
    await Promise.all(deferred)
    add()
    let over = false
    void Promise.all(deferred).then(() => {
      over = true
    })
    await timers.advance(DEFERRED_MS)
    expect(over).toBe(true)
    const since = 60_000 + GATHER_MS
    expect(sent.slice(1).map(({ at }) => at - since)).toEqual([0, 2_000, 6_000, 14_000])
  })

  test('waits longer only where the object asks for it', async () => {
    const { timers, begin, add, left } = bench({ gatherMs: 7_000 })
    for (let i = 0; i < 2; i++) {
      begin()
      add()
      await timers.advance(9_000)
    }
    expect(left()).toEqual([
      [GATHER_MS, 1, 0],
      [9_000 + 7_000, 1, 0],
    ])
  })

  test('is sent at once when there is much of it, and not twice', async () => {
    const { timers, begin, add, left } = bench()
    for (let i = 0; i < BATCH_MAX; i++) {
      begin()
      add()
    }
    await timers.advance(10_000)
    expect(left()).toEqual([[0, BATCH_MAX, 0]])
  })
})
