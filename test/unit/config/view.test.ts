import { describe, expect, it } from 'vitest'
import { NO_PURGES, type Snapshot } from '../../../src/config/ports.ts'
import { configView } from '../../../src/config/view.ts'

type Answer = 'now' | 'never' | 'fail' | { readonly afterMs: number }

/** An isolate with hands to turn, and an object that answers as it is told. */
function isolate() {
  let now = 1_000_000
  let pending: { readonly at: number; readonly work: () => void }[] = []
  let answer: Answer = 'now'
  let revision = 1
  let reads = 0
  let broken = false
  const reports: string[] = []
  const after = (ms: number, work: () => void) => {
    const entry = { at: now + ms, work }
    pending.push(entry)
    return () => void (pending = pending.filter((each) => each !== entry))
  }
  const advance = async (ms: number) => {
    const until = now + ms
    for (;;) {
      for (let i = 0; i < 20; i++) await Promise.resolve()
      const [next] = pending.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      now = next.at
      pending = pending.filter((each) => each !== next)
      next.work()
    }
    now = until
  }
  async function read(known: number | undefined): Promise<Snapshot | undefined> {
    reads++
    const current = revision
    if (answer === 'fail') throw new Error('unreachable')
    if (answer === 'never') await new Promise(() => undefined)
    if (typeof answer === 'object')
      await new Promise<void>((resolve) => after((answer as { afterMs: number }).afterMs, resolve))
    return known === current
      ? undefined
      : { revision: current, version: current, document: '{}', keys: [], purges: NO_PURGES, skipped: [] }
  }
  const view = configView({
    object: () => ({ read }),
    timers: { now: () => now, after },
    without: 'without',
    report: (message) => void reports.push(message),
    build: async ({ version }) => {
      if (broken) throw new Error('not here')
      return { inForce: `v${version}`, stale: `v${version} stale` }
    },
  })
  const defer = () => undefined
  return {
    view,
    reports,
    advance,
    now: () => now,
    reads: () => reads,
    answer: (next: Answer) => void (answer = next),
    publish: (next: number) => void (revision = next),
    breakBuild: (next = true) => void (broken = next),
    setClock: (ms: number) => void (now += ms),
    /** What is served, and how long it was waited for. */
    get: async () => {
      const began = now
      const found = view.current(defer)
      if (!(found instanceof Promise)) return { served: found, waitedMs: 0 }
      const done: string[] = []
      void found.then((value) => done.push(value))
      while (done.length === 0) await advance(1)
      return { served: done[0], waitedMs: now - began }
    },
  }
}

describe("an isolate's copy of the configuration", () => {
  it('is read once, then served without asking or waiting for five seconds', async () => {
    const { get, reads, advance, view } = isolate()
    expect((await get()).served).toBe('v1')
    await advance(4_900)
    for (let i = 0; i < 100; i++) expect(view.current(() => undefined)).toBe('v1')
    expect(reads()).toBe(1)
  })

  it('is refreshed behind the request up to ten seconds, by one call', async () => {
    const { get, reads, advance, view, publish } = isolate()
    await get()
    publish(2)
    await advance(6_000)
    for (let i = 0; i < 10; i++) expect(view.current(() => undefined)).toBe('v1')
    await advance(1)
    expect(reads()).toBe(2)
    expect(view.current(() => undefined)).toBe('v2')
  })

  it('is never used past ten seconds while the object answers', async () => {
    const { get, advance, publish, answer } = isolate()
    await get()
    publish(2)
    await advance(10_000)
    answer({ afterMs: 100 })
    const { served, waitedMs } = await get()
    expect(served).toBe('v2')
    expect(waitedMs).toBeLessThan(120)
  })

  it.each(['never', 'fail'] as const)('serves on, marked, when the object is away: %s', async (how) => {
    const { get, advance, answer, reports, now } = isolate()
    await get()
    const heard = now()
    answer(how)
    await advance(10_000)
    const first = await get()
    expect(first.served).toBe('v1 stale')
    expect(first.waitedMs).toBeLessThanOrEqual(156)
    // Nobody waits for a second after that, so that an outage costs the fewest requests.
    await advance(500)
    expect(await get()).toEqual({ served: 'v1 stale', waitedMs: 0 })
    await advance(5_000)
    await get()
    expect(reports.length).toBeGreaterThan(0)
    await advance(heard + 899_000 - now())
    expect((await get()).served).toBe('v1 stale')
    await advance(2_000)
    expect((await get()).served).toBe('without')
    answer('now')
    await advance(6_000)
    expect((await get()).served).toBe('v1')
  })

  it('without any copy waits once, then serves the layers below', async () => {
    const { get, answer, advance } = isolate()
    answer('never')
    const first = await get()
    expect(first.served).toBe('without')
    expect(first.waitedMs).toBeLessThanOrEqual(156)
    expect(await get()).toEqual({ served: 'without', waitedMs: 0 })
    answer('now')
    await advance(6_000)
    expect((await get()).served).toBe('v1')
  })

  it('lets many requests of a cold isolate share one call', async () => {
    const { view, reads, advance, answer } = isolate()
    answer({ afterMs: 20 })
    const found = Promise.all(Array.from({ length: 50 }, async () => view.current(() => undefined)))
    await advance(100)
    expect(new Set(await found)).toEqual(new Set(['v1']))
    expect(reads()).toBe(1)
  })

  it('keeps the copy before it when this code cannot use a version, marked and said once', async () => {
    const { get, advance, publish, breakBuild, reports } = isolate()
    await get()
    publish(2)
    breakBuild()
    await advance(11_000)
    expect((await get()).served).toBe('v1 stale')
    await advance(11_000)
    expect((await get()).served).toBe('v1 stale')
    expect(reports).toEqual(['Version 2 of the runtime configuration cannot be used here.'])
    breakBuild(false)
    publish(3)
    await advance(11_000)
    expect((await get()).served).toBe('v3')
  })

  it('waits for its own change', async () => {
    const { get, view, publish } = isolate()
    await get()
    publish(2)
    view.changed()
    expect((await get()).served).toBe('v2')
  })

  it('does not take an answer from before a change for one from after it', async () => {
    const { get, view, publish, answer, advance } = isolate()
    await get()
    await advance(6_000)
    answer({ afterMs: 50 })
    void view.current(() => undefined)
    publish(2)
    view.changed()
    expect((await get()).served).toBe('v2')
  })

  it('does not trust a copy from the future', async () => {
    const { get, setClock, publish } = isolate()
    await get()
    publish(2)
    setClock(-60_000)
    expect((await get()).served).toBe('v2')
  })
})
