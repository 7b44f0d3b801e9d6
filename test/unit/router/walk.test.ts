import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Admission, Permit } from '../../../src/health/admit.ts'
import type { Gate } from '../../../src/health/gates.ts'
import { newObject } from '../../../src/health/registry-state.ts'
import { step as objectStep } from '../../../src/health/registry-step.ts'
import { type HealthView, healthView } from '../../../src/health/view.ts'
import { FAILURES, type FailureKind } from '../../../src/providers/failure.ts'
import { RETRY_POLICY } from '../../../src/router/retry.ts'
import { newWalk, type Place, type Sight, step, type Walk, type WalkNext } from '../../../src/router/walk.ts'
import { seeded } from '../../support/seeded.ts'

const permit = (id: string, kind: Permit['kind'] = 'normal', epoch = 0): Permit => ({
  target: id,
  epoch,
  kind,
})
const place = (id: string, kind?: Permit['kind'] | 'reserve'): Place => {
  const target = { id, provider: 'p', model: id, credential: 'k' }
  return {
    target,
    watched: target,
    ttft: undefined,
    ...(kind !== 'reserve' && { permit: permit(id, kind) }),
  }
}
const yes = (id: string, epoch = 0): Admission => ({ verdict: 'yes', permit: permit(id, 'normal', epoch) })
const probe = (id: string): Admission => ({ verdict: 'probe', permit: permit(id, 'trial') })
const no = (id: string, why: 'open' | 'local' | 'ramp' | 'spill'): Admission => ({
  verdict: 'no',
  why,
  panicShare: 0,
  panicPermit: permit(id, 'panic'),
  retryAfterMs: 4_000,
})
const gate = (until: number, reason: Gate['reason'] = 'rate_limited'): Gate => ({ until, reason })

/** A request on its way, and a world that the test changes under its feet. */
function journey(places: readonly Place[], deadline = 60_000) {
  const admissions = new Map<string, Admission>()
  const gates = new Map<string, Gate>()
  const sight: Sight = {
    admit: (id) => admissions.get(id) ?? yes(id),
    gate: ({ id }) => gates.get(id),
    mayRetry: () => true,
    streak: () => 0,
  }
  let walk: Walk<Place> = newWalk(places, deadline, RETRY_POLICY)
  let now = 0
  const tell = (event: object): WalkNext<Place> => {
    const stepped = step(walk, { ...event, sight } as never, now, () => 0.5)
    walk = stepped.walk
    return stepped.next
  }
  return {
    admissions,
    gates,
    begin: () => tell({ kind: 'begin' }),
    ready: () => tell({ kind: 'ready' }),
    unfit: () => tell({ kind: 'unfit' }),
    fails(kind: FailureKind, tookMs = 50, retryAfterMs?: number) {
      now += tookMs
      return tell({ kind: 'failed', failure: { kind, message: kind, retryAfterMs }, tookMs })
    },
  }
}
const at = (next: WalkNext<Place>): string =>
  next.act === 'stop' ? `stop: ${next.why}` : `${next.act} ${next.place.target.id}`
const permitOf = (next: WalkNext<Place>): Permit | undefined => (next.act === 'try' ? next.permit : undefined)

describe('the walk', () => {
  it('leaves an ill target for another one before it tries the same with another key', () => {
    const keyed = (id: string, credential: string): Place => {
      const target = { id, provider: 'p', model: id, credential }
      return { target, watched: target, ttft: undefined, permit: permit(id) }
    }
    const second = (kind: FailureKind): string => {
      const on = journey([keyed('a', 'k'), keyed('a', 'l'), keyed('a', 'm'), place('b')])
      on.begin()
      on.ready()
      const next = on.fails(kind, 1_500)
      return next.act === 'prepare' ? `${next.place.target.id} ${next.place.target.credential}` : next.act
    }
    expect(second('overloaded')).toBe('b k')
    expect(second('server_error')).toBe('b k')
    expect(second('first_event_timeout')).toBe('b k')
    // What is wrong with a key is not wrong with the next one.
    expect(second('rate_limited')).toBe('a l')
    expect(second('bad_credential')).toBe('a l')
  })
  it('asks a target on its way back beyond its share where all else has failed', () => {
    const returning = (panicShare: number): Admission => ({ ...no('a', 'ramp'), panicShare }) as Admission
    const ends = (admission: Admission, then?: Gate): string => {
      const on = journey([place('b'), place('a', 'reserve')])
      on.admissions.set('a', admission)
      if (then !== undefined) on.gates.set('a', then)
      on.begin()
      on.ready()
      const next = on.fails('first_event_timeout', 4_000)
      if (next.act === 'stop') return at(next)
      expect(permitOf(on.ready())?.kind).toBe('panic')
      return at(next)
    }
    expect(ends(returning(1))).toBe('prepare a')
    expect(ends(returning(0.4))).toBe('stop: exhausted')
    expect(ends(returning(1), gate(60_000))).toBe('stop: exhausted')
    expect(ends({ ...returning(1), why: 'open' } as Admission)).toBe('stop: exhausted')
  })
  it('goes from place to place until one serves or all have failed', () => {
    const on = journey([place('a'), place('b')])
    expect(at(on.begin())).toBe('prepare a')
    expect(at(on.ready())).toBe('try a')
    expect(at(on.fails('overloaded'))).toBe('prepare b')
    expect(at(on.ready())).toBe('try b')
    expect(at(on.fails('overloaded'))).toBe('stop: exhausted')
  })

  it('waits before the same place once more, and says so', () => {
    const on = journey([place('a'), place('b')])
    on.begin()
    on.ready()
    expect(on.fails('server_error')).toMatchObject({ act: 'prepare', afterMs: 100, again: true })
    expect(at(on.ready())).toBe('try a')
    expect(on.fails('server_error')).toMatchObject({ act: 'prepare', afterMs: 0, again: false })
  })

  it('passes over a place that cannot take the request', () => {
    const on = journey([place('a'), place('b')])
    on.begin()
    expect(at(on.unfit())).toBe('prepare b')
    expect(at(on.unfit())).toBe('stop: exhausted')
  })

  it('has nowhere to go without a place', () => {
    expect(at(journey([]).begin())).toBe('stop: exhausted')
  })

  it('tells an attempt whether there is somebody behind it', () => {
    const on = journey([place('a'), place('b')])
    on.begin()
    expect(on.ready()).toMatchObject({ others: true })
    on.fails('overloaded')
    expect(on.ready()).toMatchObject({ others: false })
  })
})

describe('the leave to try a place', () => {
  it('is what health says now, not what it said when the plan was made', () => {
    const on = journey([place('a')])
    on.begin()
    on.admissions.set('a', yes('a', 7))
    expect(permitOf(on.ready())?.epoch).toBe(7)
    on.admissions.set('a', probe('a'))
    expect(permitOf(on.ready())?.kind).toBe('trial')
  })

  it.each(['open', 'local'] as const)('is refused where a target opened meanwhile: %s', (why) => {
    const on = journey([place('a'), place('b')])
    on.begin()
    on.admissions.set('a', no('a', why))
    expect(at(on.ready())).toBe('prepare b')
    on.admissions.set('b', no('b', why))
    expect(on.ready()).toEqual({ act: 'stop', why: 'exhausted', retryAfterMs: 4_000 })
  })

  it.each(['ramp', 'spill'] as const)('is not drawn by lot twice: %s', (why) => {
    const on = journey([place('a')])
    on.begin()
    on.admissions.set('a', no('a', why))
    expect(permitOf(on.ready())).toEqual(permit('a'))
  })

  it('stays a panic that was drawn', () => {
    const on = journey([place('a', 'panic')])
    on.admissions.set('a', no('a', 'open'))
    on.begin()
    expect(permitOf(on.ready())?.kind).toBe('panic')
  })

  it.each(['lease', 'trial', 'panic'] as const)('is for one attempt: %s', (kind) => {
    const on = journey([place('a', kind)])
    if (kind !== 'panic')
      on.admissions.set('a', { verdict: 'probe', permit: { target: 'a', epoch: 0, kind } })
    on.begin()
    on.ready()
    on.admissions.set('a', yes('a'))
    expect(at(on.fails('server_error'))).toBe('stop: exhausted')
  })

  it('is for a retry only where health has no reservation', () => {
    for (const admission of [probe('a'), no('a', 'ramp'), no('a', 'open')]) {
      const on = journey([place('a'), place('b')])
      on.begin()
      on.ready()
      expect(on.fails('server_error')).toMatchObject({ again: true })
      on.admissions.set('a', admission)
      expect(at(on.ready())).toBe('prepare b')
    }
  })

  it('may come to those who had none when the plan was made', () => {
    const on = journey([place('a'), place('b', 'reserve'), place('c', 'reserve')])
    on.admissions.set('b', no('b', 'ramp'))
    on.begin()
    on.ready()
    expect(at(on.fails('overloaded'))).toBe('prepare c')
    expect(permitOf(on.ready())).toEqual(permit('c'))
  })
})

describe('a gate', () => {
  it('that shut between planning and attempt sends the request elsewhere, and back if that was of no use', () => {
    const on = journey([place('a'), place('b')])
    expect(at(on.begin())).toBe('prepare a')
    on.gates.set('a', gate(9_000))
    expect(at(on.ready())).toBe('prepare b')
    expect(at(on.ready())).toBe('try b')
    expect(at(on.fails('overloaded'))).toBe('prepare a')
    expect(at(on.ready())).toBe('try a')
  })

  it('of the only place to go is no reason not to go', () => {
    const on = journey([place('a'), place('b')])
    on.begin()
    on.gates.set('a', gate(9_000))
    on.admissions.set('b', no('b', 'open'))
    expect(at(on.ready())).toBe('try a')
  })

  it('that opens first is tried first where all are shut', () => {
    const on = journey([place('a'), place('b'), place('c')])
    on.begin()
    on.ready()
    on.gates.set('b', gate(9_000)).set('c', gate(3_000))
    expect(at(on.fails('overloaded'))).toBe('prepare c')
  })

  it('that the failure itself has shut does not stop the retry that waited for it', () => {
    const on = journey([place('a'), place('b')])
    on.begin()
    on.ready()
    expect(on.fails('rate_limited', 50, 1_000)).toMatchObject({ again: true, afterMs: 1_100 })
    on.gates.set('a', gate(1_200, 'rate_limited'))
    expect(at(on.ready())).toBe('try a')
    on.gates.set('a', gate(600_000, 'bad_credential'))
    expect(at(on.ready())).toBe('prepare b')
  })
})

describe('one lease', () => {
  it('lets one of several planned requests through', async () => {
    let now = 1_800_000_000_000
    let state = newObject(now)
    const view = healthView({
      object: () => ({
        report: async (report) => {
          const next = objectStep(state, { kind: 'report', report: structuredClone(report) }, now, () => 0.5)
          state = next.state
          const reply = next.effects.find((effect) => effect.kind === 'reply')?.reply
          return reply ?? Promise.reject(new Error('no reply'))
        },
      }),
      chance: { now: () => now, random: () => 0.5 },
      timers: { now: () => now, after: () => () => undefined },
      id: 'i',
    })
    const sent: Promise<unknown>[] = []
    const tell = async (event: Parameters<HealthView['record']>[0]): Promise<void> => {
      view.record(event)
      view.flush((work) => sent.push(work))
      await Promise.all(sent)
    }
    for (let i = 0; i < 40; i++) {
      now += 300
      view.record({ kind: 'began', permit: permit('a') })
      await tell({ kind: 'settled', permit: permit('a'), failed: 1 })
      await tell({ kind: 'planned', suppressed: [], wanted: ['a'], refused: [] })
    }
    for (let i = 0; i < 60 && view.admit('a').verdict !== 'probe'; i++) {
      now += 1_000
      await tell({ kind: 'planned', suppressed: [], wanted: ['a'], refused: [] })
    }
    const planned = { ...place('a'), permit: (view.admit('a') as { permit: Permit }).permit }
    expect(planned.permit.lease).toEqual(expect.any(String))
    const request = () => {
      const begun = step(
        newWalk([planned], now + 60_000, RETRY_POLICY),
        { kind: 'begin', sight: view },
        now,
        () => 0.5,
      )
      return () => step(begun.walk, { kind: 'ready', sight: view }, now, () => 0.5).next
    }
    const [first, second] = [request(), request()]
    const next = first()
    expect(next).toMatchObject({ act: 'try', permit: { kind: 'lease' } })
    view.record({ kind: 'began', permit: permitOf(next)! })
    expect(second().act).toBe('stop')
  })
})

describe('whatever happens', () => {
  it('ends within three attempts and the deadline, with leave for each attempt', () => {
    const kinds = fc.constantFrom(...(Object.keys(FAILURES) as FailureKind[]))
    const verdicts = fc.constantFrom('yes', 'probe', 'open', 'local', 'ramp', 'spill', 'gated')
    fc.assert(
      fc.property(
        fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 3 })),
        fc.array(fc.tuple(kinds, fc.nat(20_000), fc.option(fc.nat(5_000), { nil: undefined }), verdicts), {
          minLength: 40,
          maxLength: 40,
        }),
        fc.integer({ min: 1_000, max: 60_000 }),
        fc.nat(),
        ([planned, reserved], happenings, deadline, seed) => {
          const random = seeded(seed)
          const places = [
            ...Array.from({ length: planned }, (_, i) => place(`a${i}`)),
            ...Array.from({ length: reserved }, (_, i) => place(`r${i}`, 'reserve')),
          ]
          const wrong: string[] = []
          let [now, attempts, i] = [0, 0, 0]
          let current = happenings[0]!
          const admissionOf = (id: string): Admission => {
            const verdict = current[3]
            if (verdict === 'yes' || verdict === 'gated') return yes(id)
            return verdict === 'probe' ? probe(id) : no(id, verdict as 'open')
          }
          const sight: Sight = {
            admit: admissionOf,
            gate: () => (current[3] === 'gated' ? gate(now + 1_000) : undefined),
            mayRetry: () => random() < 0.5,
            streak: () => 0,
          }
          let { walk, next } = step(
            newWalk(places, deadline, RETRY_POLICY),
            { kind: 'begin', sight },
            now,
            random,
          )
          for (; next.act !== 'stop' && i < 40; i++) {
            current = happenings[i]!
            if (next.act === 'prepare') {
              now += next.afterMs
              if (now > deadline) wrong.push('waited beyond the deadline')
              ;({ walk, next } = step(walk, { kind: 'ready', sight }, now, random))
            } else {
              attempts++
              const [kind, ms, retryAfterMs] = current
              const tookMs = Math.min(ms, deadline - now)
              now += tookMs
              const failure = { kind, message: kind, retryAfterMs }
              ;({ walk, next } = step(walk, { kind: 'failed', failure, tookMs, sight }, now, random))
            }
            if (next.act === 'try' && ['open', 'local'].includes(current[3]))
              wrong.push('tried without leave')
          }
          expect(wrong).toEqual([])
          expect(next.act).toBe('stop')
          expect(attempts).toBeLessThanOrEqual(3)
        },
      ),
    )
  })
})
