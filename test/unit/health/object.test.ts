import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RAMP_STEP_MS } from '../../../src/health/constants.ts'
import { lowerBound } from '../../../src/health/statistics.ts'
import { leaseCap } from '../../../src/health/machine.ts'
import { newObject, type ObjectState, restore, save } from '../../../src/health/registry-state.ts'
import { type ObjectEvent, step } from '../../../src/health/registry-step.ts'
import { alarmToArm, nextTick } from '../../../src/health/tick.ts'
import type { Delta, Reply, Report } from '../../../src/health/wire.ts'
import { seeded } from '../../support/seeded.ts'
import { frozen } from './support.ts'

const NOW = 1_800_000_000_000
const half = (): number => 0.5

interface Sent extends Partial<Omit<Report, 'deltas'>> {
  readonly deltas?: readonly Partial<Delta>[]
}
const report = (sent: Sent, now: number): Report => ({
  isolate: 'i',
  sentAt: now,
  latency: {},
  gates: {},
  held: [],
  done: [],
  want: [],
  ...sent,
  deltas: (sent.deltas ?? []).map((d) => ({
    target: 'a',
    epoch: 0,
    at: now,
    ok: 0,
    failed: 0,
    suppressed: 0,
    refused: 0,
    ...d,
  })),
})
function send(state: ObjectState, sent: Sent, now: number): { state: ObjectState; reply: Reply } {
  const next = step(state, { kind: 'report', report: report(sent, now) }, now, half)
  const reply = next.effects.find((e) => e.kind === 'reply')?.reply
  if (!reply) throw new Error('no reply')
  return { state: next.state, reply }
}
const phase = (state: ObjectState, id = 'a'): string | undefined => state.targets[id]?.machine.phase

/** A target with 10 requests/s from two isolates for a minute. */
function warm(): ObjectState {
  let state = newObject(NOW)
  for (let s = 0; s < 60; s++)
    for (const isolate of ['i', 'j'])
      state = send(state, { isolate, deltas: [{ ok: 5 }] }, NOW + s * 1_000).state
  return state
}
/** The same, and then it fails. */
function opened(): { state: ObjectState; now: number } {
  let state = warm()
  let now = NOW + 60_000
  for (let i = 0; i < 20 && phase(state) === 'closed'; i++) {
    now += 250
    for (const isolate of ['i', 'j']) state = send(state, { isolate, deltas: [{ failed: 2 }] }, now).state
  }
  expect(phase(state)).toBe('open')
  return { state, now }
}
/** Open, its interval over, one lease granted. */
function halfOpen(): { state: ObjectState; now: number; lease: string; epoch: number } {
  const { state, now } = opened()
  const later = now + 6_000
  const asked = send(state, { want: ['a'] }, later)
  const lease = asked.reply.leases[0]?.id ?? ''
  expect(lease).not.toBe('')
  return { state: asked.state, now: later, lease, epoch: asked.state.targets['a']?.epoch ?? 0 }
}
function closedAgain(): { state: ObjectState; now: number } {
  let { state, now, lease } = halfOpen()
  for (let i = 0; i < 7; i++) {
    now += 100
    const settled = send(state, { done: [{ target: 'a', lease, outcome: 'ok' }], want: ['a'] }, now)
    state = settled.state
    lease = settled.reply.leases[0]?.id ?? ''
  }
  expect(state.targets['a']?.machine).toMatchObject({ phase: 'closed', share: 1 / 16 })
  return { state, now }
}

describe('detection', () => {
  test('an outage opens within two seconds', () => {
    expect(opened().now - NOW - 60_000).toBeLessThanOrEqual(2_000)
  })
  test('one isolate that fails alone is not believed while others succeed', () => {
    let state = warm()
    for (let i = 0; i < 40; i++) {
      const now = NOW + 60_000 + i * 250
      state = send(state, { isolate: 'bad', deltas: [{ failed: 5 }] }, now).state
      state = send(state, { isolate: 'j', deltas: [{ ok: 1 }] }, now).state
    }
    expect(phase(state)).toBe('closed')
  })
  test('a lone isolate is believed when nobody succeeds', () => {
    let state = newObject(NOW)
    for (let i = 0; i < 12; i++) state = send(state, { deltas: [{ failed: 1 }] }, NOW + i * 500).state
    expect(phase(state)).toBe('open')
  })
  test('a lone isolate is believed when it is the only one that asks at all', () => {
    let state: ObjectState = {
      ...newObject(NOW),
      settings: { checks: [], peers: { a: ['b'] }, spill: { targets: {} } },
    }
    for (let s = 0; s < 60; s++) state = send(state, { deltas: [{ ok: 20 }] }, NOW + s * 1_000).state
    for (let s = 60; s < 70; s++)
      state = send(state, { deltas: [{ ok: 14, failed: 6 }] }, NOW + s * 1_000).state
    expect(phase(state)).toBe('open')
  })
  test('failures that arrive before their successes do not look like an outage', () => {
    let state = warm()
    // 5 % of 10/s fail and are reported at once; successes come five seconds late.
    for (let s = 60; s < 90; s++) {
      const now = NOW + s * 1_000
      if (s % 2 === 0)
        state = send(state, { isolate: s % 4 === 0 ? 'i' : 'j', deltas: [{ failed: 1 }] }, now).state
      if (s % 5 === 0)
        state = send(
          state,
          { isolate: 'i', deltas: [1, 2, 3, 4, 5].map((ago) => ({ at: now - ago * 1_000, ok: 9 })) },
          now,
        ).state
      expect(phase(state)).toBe('closed')
    }
  })
  test('suppressed requests are evidence: local breakers do not hide an outage', () => {
    let state = warm()
    for (let i = 0; i < 12; i++)
      for (const isolate of ['i', 'j'])
        state = send(
          state,
          { isolate, deltas: [i < 1 ? { failed: 2 } : { suppressed: 2 }] },
          NOW + 60_000 + i * 250,
        ).state
    expect(phase(state)).toBe('open')
  })
  test('results of another epoch are dropped', () => {
    const { state, now } = closedAgain()
    let later = state
    for (let i = 0; i < 8; i++)
      for (const isolate of ['i', 'j'])
        later = send(later, { isolate, deltas: [{ epoch: 0, failed: 9 }] }, now + i * 100).state
    expect(phase(later)).toBe('closed')
  })
  test("an isolate's clock does not matter", () => {
    let state = warm()
    for (let i = 0; i < 8; i++)
      for (const isolate of ['i', 'j']) {
        const now = NOW + 60_000 + i * 250
        const wrong = isolate === 'i' ? 3_600_000 : -3_600_000
        const r = {
          ...report({ isolate, deltas: [{ failed: 2, at: now + wrong }] }, now),
          sentAt: now + wrong,
        }
        state = step(state, { kind: 'report', report: r }, now, half).state
      }
    expect(phase(state)).toBe('open')
  })
})

describe('coming back', () => {
  test('no lease before the interval is over, one after it', () => {
    const { state, now } = opened()
    expect(send(state, { want: ['a'] }, now + 500).reply.leases).toEqual([])
    const { state: trying, now: later } = halfOpen()
    expect(phase(trying)).toBe('half-open')
    expect(send(trying, { want: ['a'] }, later + 100).reply.leases).toEqual([])
  })
  test('permits double with the successes: 1, 2, 2, 4, 4, 4, 4', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map(leaseCap)).toEqual([1, 2, 2, 4, 4, 4, 4])
  })
  test('a failed trial opens again, a void one gives its place back', () => {
    const { state, now, lease } = halfOpen()
    expect(phase(send(state, { done: [{ target: 'a', lease, outcome: 'failed' }] }, now).state)).toBe('open')
    const left = send(state, { done: [{ target: 'a', lease, outcome: 'void' }], want: ['a'] }, now)
    expect(left.reply.leases).toHaveLength(1)
  })
  test('a lease that nobody takes up is free after three seconds; one that runs keeps its place', () => {
    const { state, now, lease } = halfOpen()
    expect(send(state, { want: ['a'] }, now + 3_100).reply.leases).toHaveLength(1)
    const running = send(state, { held: [lease] }, now + 500).state
    expect(send(running, { want: ['a'] }, now + 3_100).reply.leases).toEqual([])
    expect(send(running, { want: ['a'] }, now + 23_000).reply.leases).toHaveLength(1)
  })
  test('a quiet isolate leaves a free place to busier ones for a moment', () => {
    const { state, now, lease } = halfOpen()
    const free = send(state, { done: [{ target: 'a', lease, outcome: 'void' }] }, now).state
    const asks = (perS: number, afterMs: number): number =>
      send(free, { want: ['a'], wantPerS: { a: perS } }, now + afterMs).reply.leases.length
    expect([asks(2, 0), asks(1, 0), asks(0.4, 700)]).toEqual([1, 0, 0])
    expect([asks(1, 500), asks(0.4, 800), asks(0, 1_000)]).toEqual([1, 1, 1])
    // The place of a permit that nobody used is free since it was taken back.
    expect(send(state, { want: ['a'], wantPerS: { a: 0.1 } }, now + 3_100).reply.leases).toEqual([])
    expect(send(state, { want: ['a'], wantPerS: { a: 0.1 } }, now + 4_100).reply.leases).toHaveLength(1)
  })
  test('a trial whose result is lost holds its place for as long as its answer may take', () => {
    const { state, now, lease } = halfOpen()
    const log = Math.log(400)
    const ttft = { n: 100, sum: 100 * log, squares: 100 * (log * log + 0.25) }
    const none = { n: 0, sum: 0, squares: 0 }
    const measured = { a: { ttft: [ttft, none, none, none], speed: none } }
    const running = send(state, { latency: measured, held: [lease] }, now + 500).state
    expect(send(running, { want: ['a'] }, now + 6_000).reply.leases).toEqual([])
    expect(send(running, { want: ['a'] }, now + 6_800).reply.leases).toHaveLength(1)
  })
  test('an unknown lease closes nothing', () => {
    const { state, now } = halfOpen()
    const next = send(
      state,
      {
        done: Array.from({ length: 9 }, (_, i) => ({ target: 'a', lease: `x${i}`, outcome: 'ok' as const })),
      },
      now,
    )
    expect(phase(next.state)).toBe('half-open')
  })
  test('clean steps double the share, unclean ones halve it', () => {
    let { state, now } = closedAgain()
    const share = (): number => send(state, {}, now).reply.snapshot.targets['a']?.share ?? 0
    const epoch = state.targets['a']?.epoch ?? 0
    for (const expected of [1 / 8, 1 / 4]) {
      now += RAMP_STEP_MS
      state = send(state, { deltas: [{ epoch, ok: 20 }] }, now).state
      expect(share()).toBe(expected)
    }
    now += RAMP_STEP_MS
    state = send(state, { deltas: [{ epoch, ok: 20, failed: 10 }] }, now).state
    expect(share()).toBe(1 / 8)
  })
  test('a check that succeeds ends the wait, and closes nothing', () => {
    const { state, now } = opened()
    const check = { provider: 'p', credential: 'k', targets: ['a'] }
    const checked = step(state, { kind: 'checked', check, outcome: 'ok' }, now + 100, half).state
    expect(phase(checked)).toBe('open')
    expect(send(checked, { want: ['a'] }, now + 200).reply.leases).toHaveLength(1)
  })
  test('two failed checks open a target without traffic, but not one whose requests succeed', () => {
    const check = { provider: 'p', credential: 'k', targets: ['a'] }
    const failed: ObjectEvent = { kind: 'checked', check, outcome: 'failed' }
    const once = step(newObject(NOW), failed, NOW, half).state
    expect(phase(once)).not.toBe('open')
    expect(phase(step(once, failed, NOW + 30_000, half).state)).toBe('open')
    const busy = step(warm(), failed, NOW + 60_000, half).state
    expect(phase(step(busy, failed, NOW + 60_500, half).state)).toBe('closed')
  })
})

describe('restart', () => {
  test('what is saved is plain JSON and comes back; epochs go on, trials are forgotten', () => {
    const { state, now, epoch } = halfOpen()
    const saved = JSON.parse(JSON.stringify(save(state)))
    expect(saved).toEqual(save(state))
    const again = restore(saved, now)
    expect(again.generation).toBe(state.generation + 1)
    expect(again.targets['a']?.epoch).toBe(epoch + 1)
    expect(phase(again)).toBe('open')
    expect(send(again, { want: ['a'] }, now + 1).reply.leases).toHaveLength(1)
    expect(again.targets['a']?.ratePerS).toBe(state.targets['a']?.ratePerS)
  })
  test('nothing saved is a new beginning', () => {
    expect(restore(undefined, NOW)).toEqual(newObject(NOW))
  })
})

describe('the alarm', () => {
  test('a sound one is left alone; a missing, stuck or absurd one is replaced', () => {
    expect(alarmToArm(NOW + 15_000, NOW)).toBeUndefined()
    expect(alarmToArm(NOW - 60_000, NOW)).toBeUndefined()
    expect(alarmToArm(null, NOW)).toBeGreaterThan(NOW)
    expect(alarmToArm(NOW - 90_001, NOW)).toBeGreaterThan(NOW)
    expect(alarmToArm(NOW + 3_600_000, NOW)).toBeLessThan(NOW + 30_000)
  })
  test('it ticks every 30 s, give or take a tenth', () => {
    expect(nextTick(NOW, 0)).toBe(NOW + 27_000)
    expect(nextTick(NOW, 0.5)).toBe(NOW + 30_000)
  })
})

describe('statistics', () => {
  test("Wilson's lower bound is below the share and approaches it", () => {
    expect(lowerBound(3, 3)).toBeCloseTo(0.438, 2)
    expect(lowerBound(0, 100)).toBe(0)
    fc.assert(
      fc.property(fc.nat(1_000), fc.integer({ min: 1, max: 1_000 }), (failed, total) => {
        const bound = lowerBound(Math.min(failed, total), total)
        expect(bound).toBeGreaterThanOrEqual(0)
        expect(bound).toBeLessThanOrEqual(Math.min(failed, total) / total + 1e-12)
      }),
    )
  })
})

describe('properties', () => {
  const delta = fc.record({
    target: fc.constantFrom('a', 'b'),
    epoch: fc.integer({ min: -1, max: 6 }),
    ok: fc.nat(20),
    failed: fc.nat(20),
    suppressed: fc.nat(3),
  })
  const sent = fc.record({
    isolate: fc.constantFrom('i', 'j', 'k'),
    deltas: fc.array(delta, { maxLength: 4 }),
    want: fc.subarray(['a', 'b']),
    settle: fc.option(fc.constantFrom('ok' as const, 'failed' as const, 'void' as const)),
  })
  test('state is never changed in place; epochs grow; leases stay within their cap; a snapshot is JSON', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(sent, fc.nat(4_000)), { maxLength: 50 }), fc.nat(), (reports, seed) => {
        const random = seeded(seed)
        let state = frozen(newObject(NOW))
        let now = NOW
        let held: readonly { target: string; id: string }[] = []
        for (const [{ settle, ...r }, ms] of reports) {
          now += ms
          const done = settle ? held.map(({ target, id }) => ({ target, lease: id, outcome: settle })) : []
          const next = step(
            state,
            { kind: 'report', report: frozen(report({ ...r, done }, now)) },
            now,
            random,
          )
          for (const [id, target] of Object.entries(next.state.targets)) {
            expect(target.epoch).toBeGreaterThanOrEqual(state.targets[id]?.epoch ?? 0)
            const { machine } = target
            const within =
              machine.phase !== 'half-open' || machine.leases.length <= leaseCap(machine.successes)
            expect(within).toBe(true)
          }
          const reply = next.effects.find((e) => e.kind === 'reply')?.reply
          expect(JSON.parse(JSON.stringify(reply?.snapshot))).toEqual(
            JSON.parse(JSON.stringify(reply?.snapshot)),
          )
          held = reply?.leases ?? []
          state = frozen(next.state)
        }
      }),
    )
  })
})

describe('targets that stand in for one another', () => {
  const configured = (state: ObjectState, settings: Partial<ObjectState['settings']>): ObjectState => ({
    ...state,
    settings: { ...state.settings, ...settings },
  })
  const peers = { a: ['b'], b: ['a'] }
  const failingShare = (state: ObjectState, share: number) => {
    let next = state
    for (let i = 0; i < 40; i++)
      for (const isolate of ['i', 'j'])
        next = send(
          next,
          { isolate, deltas: [{ failed: 10 * share, ok: 10 * (1 - share) }] },
          NOW + 60_000 + i * 1_000,
        ).state
    return next
  }
  test('a brown-out is left only for somebody: unrelated targets are nobody', () => {
    expect(phase(failingShare(warm(), 0.3))).toBe('closed')
    expect(phase(failingShare(configured(warm(), { peers: { a: ['b'] } }), 0.3))).toBe('open')
  })

  /** B, with 2 requests/s of its own, gets 20 when A is out. */
  function spilling(spill: ObjectState['settings']['spill'], ill = true) {
    let state = configured(ill ? opened().state : warm(), { peers, spill })
    let now = NOW + 70_000
    let reply: Reply | undefined
    for (let s = 0; s < 6; s++, now += 1_000)
      ({ state, reply } = send(state, { isolate: 'i', deltas: [{ target: 'b', ok: 20 }] }, now))
    return reply?.snapshot.targets['b']
  }
  test('what a target receives beyond its cap is refused, while another is out', () => {
    expect(spilling({ targets: {} })?.spillShare).toBe(1)
    expect(spilling({ floorPerS: 5, targets: {} })?.spillShare).toBeCloseTo(0.25, 1)
    expect(spilling({ floorPerS: 5, targets: { b: 100 } })?.spillShare).toBe(1)
  })
  test('growth of its own is no spill', () => {
    expect(spilling({ floorPerS: 5, targets: {} }, false)?.spillShare).toBe(1)
  })
})
