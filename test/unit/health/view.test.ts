import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { newObject } from '../../../src/health/registry-state.ts'
import { step } from '../../../src/health/registry-step.ts'
import { healthView } from '../../../src/health/view.ts'
import type { Reply, Report } from '../../../src/health/wire.ts'

const timers = {
  now: () => Date.now(),
  after: (ms: number, work: () => void) => {
    const id = setTimeout(work, ms)
    return () => clearTimeout(id)
  },
}
const chance = { now: () => Date.now(), random: () => 0.5 }
function realObject(): { report(report: Report): Promise<Reply> } {
  let state = newObject(Date.now())
  return {
    report: async (report) => {
      const next = step(state, { kind: 'report', report: structuredClone(report) }, Date.now(), () => 0.5)
      state = next.state
      const reply = next.effects.find((e) => e.kind === 'reply')?.reply
      if (!reply) throw new Error('no reply')
      return structuredClone(reply)
    },
  }
}

describe("the isolate's view", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }))
  afterEach(() => void vi.useRealTimers())

  test('waits once on a cold isolate, and not again', async () => {
    const view = healthView({ object: realObject, chance, timers, id: 'i' })
    const work: Promise<unknown>[] = []
    await view.ready((w) => work.push(w))
    expect(work).toHaveLength(1)
    await view.ready((w) => work.push(w))
    expect(work).toHaveLength(1)
    expect(view.admit('a').verdict).toBe('yes')
  })

  test('an object that hangs costs 150 ms, once, and nobody else waits for it', async () => {
    const view = healthView({
      object: () => ({ report: () => new Promise(() => undefined) }),
      chance,
      timers,
      id: 'i',
    })
    let done = false
    const waiting = view.ready(() => undefined).then(() => (done = true))
    await view.ready(() => undefined)
    expect(done).toBe(false)
    await vi.advanceTimersByTimeAsync(149)
    expect(done).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await waiting
    expect(view.admit('a').verdict).toBe('yes')
  })

  test('an object that throws is survived, and its reports go along later', async () => {
    const good = realObject()
    let broken = true
    const seen: Report[] = []
    const object = (): ReturnType<typeof realObject> => ({
      report: (report) => {
        seen.push(report)
        return broken ? Promise.reject(new Error('overloaded')) : good.report(report)
      },
    })
    const view = healthView({ object, chance, timers, id: 'i' })
    const work: Promise<unknown>[] = []
    const defer = (w: Promise<unknown>): void => void work.push(w)
    await view.ready(defer)
    const admission = view.admit('a')
    if (admission.verdict === 'no') throw new Error('refused')
    view.record({ kind: 'settled', permit: admission.permit, failed: 1 })
    view.flush(defer)
    broken = false
    await vi.advanceTimersByTimeAsync(3_000)
    view.record({ kind: 'planned', suppressed: [], wanted: [], refused: [] })
    view.flush(defer)
    await Promise.all(work)
    expect(seen.at(-1)?.deltas).toMatchObject([{ target: 'a', failed: 1 }])
    expect(view.view('a')).toBeDefined()
  })
})
