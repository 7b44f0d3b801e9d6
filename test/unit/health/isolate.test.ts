import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admit, mayRetry, type Permit } from '../../../src/health/admit.ts'
import { gatesOf } from '../../../src/health/isolate-absorb.ts'
import { type IsolateEvent, step } from '../../../src/health/isolate.ts'
import { isRefreshDue, shouldWait } from '../../../src/health/isolate-send.ts'
import { type IsolateState, newIsolate } from '../../../src/health/isolate-state.ts'
import type { Report, Snapshot, TargetView } from '../../../src/health/wire.ts'
import { seeded } from '../../support/seeded.ts'
import { frozen } from './support.ts'

const NOW = 1_800_000_000_000
const never = (): number => 0.999
const always = (): number => 0

const view = (change: Partial<TargetView> = {}): TargetView => ({
  epoch: 0,
  phase: 'closed',
  share: 1,
  openUntil: 0,
  since: 0,
  reason: '',
  health: 1,
  errorRate: 0,
  retryShare: 1,
  panicShare: 1,
  spillShare: 1,
  latency: { ttft: [], speed: undefined },
  ...change,
})
const snapshot = (targets: Snapshot['targets'], change: Partial<Snapshot> = {}): Snapshot => ({
  at: 500,
  generation: 1,
  freshMs: 5_000,
  urgentShare: 1,
  targets,
  gates: {},
  ...change,
})
const EMPTY: Report = {
  isolate: 'i',
  sentAt: 0,
  deltas: [],
  latency: {},
  gates: {},
  held: [],
  done: [],
  want: [],
}
const told = (
  state: IsolateState,
  snap: Snapshot,
  now = NOW,
  leases: readonly { target: string; id: string }[] = [],
): IsolateState =>
  step(state, { kind: 'reply', reply: { snapshot: snap, leases }, report: EMPTY }, now, never).state
const permit = (epoch = 0): Permit => ({ target: 'a', epoch, kind: 'normal' })
const fail = (state: IsolateState, now: number, epoch = 0): IsolateState =>
  step(state, { kind: 'settled', permit: permit(epoch), failed: 1 }, now, never).state

describe('admission', () => {
  test('without a word from the object, everything goes until the third failure in a row', () => {
    let state = newIsolate('i', NOW)
    expect(admit(state, 'a', NOW, never)).toMatchObject({ verdict: 'yes', permit: { epoch: -1 } })
    for (let i = 0; i < 3; i++) {
      expect(admit(state, 'a', NOW, never).verdict).toBe('yes')
      state = fail(state, NOW, -1)
    }
    expect(admit(state, 'a', NOW, never)).toMatchObject({ verdict: 'no', why: 'local' })
    expect(admit(state, 'b', NOW, never).verdict).toBe('yes')
  })
  test('after its pause one trial, and no second beside it', () => {
    let state = newIsolate('i', NOW)
    for (let i = 0; i < 3; i++) state = fail(state, NOW, -1)
    const later = NOW + 8_000
    const admission = admit(state, 'a', later, never)
    expect(admission).toMatchObject({ verdict: 'probe', permit: { kind: 'trial' } })
    if (admission.verdict !== 'probe') return
    state = step(state, { kind: 'began', permit: admission.permit }, later, never).state
    expect(admit(state, 'a', later, never).verdict).toBe('no')
    state = step(state, { kind: 'settled', permit: admission.permit, failed: 0 }, later, never).state
    expect(admit(state, 'a', later, never).verdict).toBe('yes')
  })
  test("an open target is nobody's without a lease; a lease is used once and in time", () => {
    const open = snapshot({ a: view({ phase: 'half-open', epoch: 3, share: 0 }) })
    let state = told(newIsolate('i', NOW), open)
    expect(admit(state, 'a', NOW, always)).toMatchObject({ verdict: 'no', why: 'open' })
    state = told(state, open, NOW, [{ target: 'a', id: 'L' }])
    expect(admit(state, 'a', NOW + 2_001, always).verdict).toBe('no')
    const admission = admit(state, 'a', NOW + 1, always)
    expect(admission).toMatchObject({ verdict: 'probe', permit: { kind: 'lease', lease: 'L', epoch: 3 } })
    if (admission.verdict !== 'probe') return
    const began = step(state, { kind: 'began', permit: admission.permit }, NOW + 1, never)
    expect(began.report?.held).toEqual(['L'])
    expect(admit(began.state, 'a', NOW + 1, always).verdict).toBe('no')
    const done = step(began.state, { kind: 'settled', permit: admission.permit, failed: 1 }, NOW + 400, never)
    expect(done.report).toMatchObject({ held: [], done: [{ target: 'a', lease: 'L', outcome: 'failed' }] })
    const left = step(began.state, { kind: 'void', permit: admission.permit }, NOW + 400, never)
    expect(left.report).toMatchObject({ held: [], done: [{ target: 'a', lease: 'L', outcome: 'void' }] })
  })
  test('a share below one is a matter of chance', () => {
    const state = told(newIsolate('i', NOW), snapshot({ a: view({ share: 0.25 }) }))
    expect(admit(state, 'a', NOW, () => 0.24).verdict).toBe('yes')
    expect(admit(state, 'a', NOW, () => 0.25)).toMatchObject({ verdict: 'no', why: 'ramp' })
  })
  test('a copy of 20 s is not used any more', () => {
    const state = told(newIsolate('i', NOW), snapshot({ a: view({ phase: 'open', share: 0 }) }))
    expect(admit(state, 'a', NOW + 19_999, never).verdict).toBe('no')
    expect(admit(state, 'a', NOW + 20_000, never).verdict).toBe('yes')
    expect(shouldWait(state, NOW + 20_000)).toBe(true)
  })
  test('with a copy of 10 s the request that asks for news waits for it a little, and the next does not', () => {
    const state = told(newIsolate('i', NOW), snapshot({ a: view({}) }))
    expect(shouldWait(state, NOW + 9_999)).toBe(false)
    expect(shouldWait(state, NOW + 10_000)).toBe(true)
    const asked = step(
      state,
      { kind: 'planned', suppressed: [], wanted: [], refused: [] },
      NOW + 10_000,
      never,
    )
    expect(asked.report).toBeDefined()
    expect(shouldWait(asked.state, NOW + 10_001)).toBe(false)
  })
  test('what is not answered in time is asked once more, and then not soon again', () => {
    const ask = (from: IsolateState, now: number) =>
      step(from, { kind: 'planned', suppressed: [], wanted: [], refused: [] }, now, never)
    const first = ask(newIsolate('i', NOW), NOW)
    expect(first.report).toBeDefined()
    expect(ask(first.state, NOW + 249).report).toBeUndefined()
    const second = ask(first.state, NOW + 250)
    expect(second.report).toBeDefined()
    expect(ask(second.state, NOW + 1_249).report).toBeUndefined()
    expect(ask(second.state, NOW + 1_250).report).toBeDefined()
  })
  test('a report says how often the target is asked for that it asks leave for', () => {
    let state = told(newIsolate('i', NOW), snapshot({ a: view({ phase: 'half-open', epoch: 3, share: 0 }) }))
    const wants = { kind: 'planned', suppressed: [], wanted: ['a'], refused: [] } as const
    const perS = (now: number): number | undefined => {
      const next = step(state, wants, now, never)
      state = next.state
      return next.report?.wantPerS?.['a']
    }
    expect(perS(NOW + 1)).toBeLessThan(1)
    for (let i = 1; i < 40; i++) perS(NOW + 1 + i * 249)
    expect(perS(NOW + 10_001)).toBeGreaterThan(3)
  })
  test('a new closed epoch forgets local back-offs', () => {
    let state = newIsolate('i', NOW)
    for (let i = 0; i < 3; i++) state = fail(state, NOW, -1)
    state = told(state, snapshot({ a: view({ epoch: 4 }) }))
    expect(admit(state, 'a', NOW, never).verdict).toBe('yes')
  })
  test('results of an earlier epoch do not move the local breaker', () => {
    let state = told(newIsolate('i', NOW), snapshot({ a: view({ epoch: 4 }) }))
    for (let i = 0; i < 9; i++) state = fail(state, NOW, 3)
    expect(admit(state, 'a', NOW, never).verdict).toBe('yes')
  })
})

describe('reports', () => {
  const request: IsolateEvent = { kind: 'planned', suppressed: [], wanted: [], refused: [] }
  test('one refresh when the copy is no longer fresh, and none beside it', () => {
    const state = told(newIsolate('i', NOW), snapshot({ a: view() }))
    expect(step(state, request, NOW + 4_999, never).report).toBeUndefined()
    const due = step(state, request, NOW + 5_000, never)
    expect(due.report).toBeDefined()
    expect(step(due.state, request, NOW + 5_100, never).report).toBeUndefined()
  })
  test('a failure is urgent, four times a second at most', () => {
    let state = told(newIsolate('i', NOW), snapshot({ a: view() }))
    const first = step(state, { kind: 'settled', permit: permit(), failed: 1 }, NOW + 1_000, always)
    expect(first.report?.deltas).toMatchObject([{ target: 'a', failed: 1, ok: 0 }])
    state = first.state
    expect(
      step(state, { kind: 'settled', permit: permit(), failed: 1 }, NOW + 1_249, always).report,
    ).toBeUndefined()
    expect(
      step(state, { kind: 'settled', permit: permit(), failed: 1 }, NOW + 1_250, always).report,
    ).toBeDefined()
  })
  test('requests that the local breaker kept away are evidence', () => {
    const state = told(newIsolate('i', NOW), snapshot({ a: view() }))
    const { report } = step(
      state,
      { kind: 'planned', suppressed: ['a'], wanted: [], refused: [] },
      NOW + 1_000,
      always,
    )
    expect(report?.deltas).toMatchObject([{ target: 'a', suppressed: 1 }])
  })
  test('what was lost goes along with the next report, unless it is old', () => {
    const state = told(newIsolate('i', NOW), snapshot({ a: view() }))
    const sent = step(state, { kind: 'settled', permit: permit(), failed: 1 }, NOW + 1_000, always)
    const lost = step(sent.state, { kind: 'lost', report: sent.report ?? EMPTY }, NOW + 2_000, never).state
    expect(lost.pending.deltas).toHaveLength(1)
    const late = step(sent.state, { kind: 'lost', report: sent.report ?? EMPTY }, NOW + 20_000, never).state
    expect(late.pending.deltas).toHaveLength(0)
  })
  test('an object that does not answer is asked ever more rarely', () => {
    let state = newIsolate('i', NOW)
    let asked = 0
    for (let ms = 0; ms < 60_000; ms += 100) {
      const next = step(state, request, NOW + ms, never)
      state = next.state
      if (!next.report) continue
      asked++
      state = step(state, { kind: 'lost', report: next.report }, NOW + ms, never).state
    }
    expect(asked).toBeGreaterThan(5)
    expect(asked).toBeLessThan(12)
  })
  test('a late answer of an older or replaced object changes nothing', () => {
    const state = told(newIsolate('i', NOW), snapshot({ a: view({ epoch: 5 }) }, { at: 900, generation: 2 }))
    expect(told(state, snapshot({ a: view({ epoch: 4 }) }, { at: 800, generation: 2 })).snapshot?.at).toBe(
      900,
    )
    expect(told(state, snapshot({ a: view({ epoch: 9 }) }, { at: 9_999, generation: 1 })).snapshot?.at).toBe(
      900,
    )
    expect(told(state, snapshot({ a: view({ epoch: 9 }) }, { at: 10, generation: 3 })).snapshot?.at).toBe(10)
  })
  test('a gate seen here holds until the object knows of it, and then as long as the object says', () => {
    let state = told(newIsolate('i', NOW), snapshot({}))
    state = step(
      state,
      { kind: 'shut', key: 'k', gate: { until: NOW + 60_000, reason: 'bad_credential' } },
      NOW,
      never,
    ).state
    const sent = step(state, request, NOW + 6_000, never)
    expect(sent.report?.gates).toHaveProperty('k')
    expect(gatesOf(sent.state, NOW + 6_000)).toHaveProperty('k')
    const reply = { snapshot: snapshot({}, { at: 7_000 }), leases: [] }
    state = step(sent.state, { kind: 'reply', reply, report: sent.report ?? EMPTY }, NOW + 6_100, never).state
    expect(gatesOf(state, NOW + 6_200)).toEqual({})
  })
  test('slow_down is kept to oneself', () => {
    let state = told(newIsolate('i', NOW), snapshot({}))
    state = step(
      state,
      { kind: 'shut', key: 'k', gate: { until: NOW + 60_000, reason: 'slow_down' } },
      NOW,
      never,
    ).state
    expect(step(state, request, NOW + 6_000, never).report?.gates).toEqual({})
    expect(gatesOf(state, NOW)).toHaveProperty('k')
  })
})

describe('properties', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('planned' as const),
      suppressed: fc.subarray(['a', 'b']),
      wanted: fc.subarray(['a', 'b']),
      refused: fc.subarray(['a']),
    }),
    fc.record({
      kind: fc.constant('settled' as const),
      permit: fc.record({
        target: fc.constantFrom('a', 'b'),
        epoch: fc.integer({ min: -1, max: 2 }),
        kind: fc.constant('normal' as const),
      }),
      failed: fc.constantFrom(0, 0.5, 1),
    }),
    fc.record({
      kind: fc.constant('measured' as const),
      target: fc.constantFrom('a', 'b'),
      promptTokens: fc.nat(50_000),
      ttftMs: fc.nat(5_000),
      tokensPerS: fc.nat(200),
    }),
    fc.record({
      kind: fc.constant('reply' as const),
      report: fc.constant(EMPTY),
      reply: fc.record({
        snapshot: fc
          .record({
            phase: fc.constantFrom('closed' as const, 'open' as const, 'half-open' as const),
            epoch: fc.nat(2),
            at: fc.nat(5_000),
          })
          .map(({ phase, epoch, at }) =>
            snapshot({ a: view({ phase, epoch, share: phase === 'closed' ? 1 : 0 }) }, { at }),
          ),
        leases: fc.subarray([{ target: 'a', id: 'L' }]),
      }),
    }),
  )
  test('the state is never changed in place, and an open target is never tried without a lease', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(3_000)), { maxLength: 60 }), fc.nat(), (events, seed) => {
        const random = seeded(seed)
        let state = frozen(newIsolate('i', NOW))
        let now = NOW
        for (const [e, ms] of events) {
          now += ms
          state = frozen(step(state, frozen(e), now, random).state)
          const admission = admit(state, 'a', now, random)
          const seen = isRefreshDue(state, now) ? undefined : state.snapshot?.targets['a']
          const isOut = seen !== undefined && seen.phase !== 'closed' && now - state.snapshotAt < 20_000
          const leased = admission.verdict === 'no' || admission.permit.lease !== undefined
          expect(!isOut || leased).toBe(true)
        }
      }),
    )
  })
  test('retries are at most a tenth of the successes and one', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 400 }), fc.nat(), (oks, seed) => {
        const random = seeded(seed)
        let state = newIsolate('i', NOW)
        let retries = 0
        let successes = 0
        for (const ok of oks) {
          state = step(state, { kind: 'settled', permit: permit(-1), failed: ok ? 0 : 1 }, NOW, random).state
          if (ok) successes++
          else if (mayRetry(state, 'a', NOW, always)) {
            retries++
            state = step(state, { kind: 'retried', target: 'a' }, NOW, random).state
          }
        }
        expect(retries).toBeLessThanOrEqual(successes / 10 + 1)
      }),
    )
  })
  test('clocks that run backwards hold nothing up', () => {
    let state = told(newIsolate('i', NOW), snapshot({ a: view() }))
    state = step(
      state,
      { kind: 'planned', suppressed: [], wanted: [], refused: [] },
      NOW - 3_600_000,
      never,
    ).state
    expect(
      step(
        state,
        { kind: 'planned', suppressed: [], wanted: [], refused: [] },
        NOW - 3_600_000 + 5_000,
        never,
      ).report,
    ).toBeDefined()
  })
})
