import { describe, expect, it } from 'vitest'
import { mayTryAgain, readmitted } from '../../../src/gateway/readmit.ts'
import type { Ranked } from '../../../src/gateway/planning.ts'
import type { Admission, Permit } from '../../../src/health/admit.ts'
import type { HealthView } from '../../../src/health/view.ts'
import { healthView } from '../../../src/health/view.ts'
import { newObject } from '../../../src/health/registry-state.ts'
import { step } from '../../../src/health/registry-step.ts'

const ID = 'openai/a'
const TARGET = { id: ID, provider: 'openai', model: 'a', credential: 'k' }
const permit = (kind: Permit['kind'], more: Partial<Permit> = {}): Permit => ({
  target: ID,
  epoch: 0,
  kind,
  ...more,
})
const ranked = (kind: Permit['kind']): Ranked => ({
  target: TARGET,
  watched: TARGET,
  card: undefined,
  priority: 0,
  weight: 1,
  score: 0,
  ttft: undefined,
  permit: permit(kind),
})
const YES: Admission = { verdict: 'yes', permit: permit('normal', { epoch: 7 }) }
const PROBE: Admission = { verdict: 'probe', permit: permit('trial') }
const no = (why: 'open' | 'local' | 'ramp' | 'spill'): Admission => ({
  verdict: 'no',
  why,
  panicShare: 0,
  panicPermit: permit('panic'),
  retryAfterMs: 4_000,
})
const saying = (admission: Admission): HealthView => {
  const view = healthView({
    object: () => ({ report: () => Promise.reject(new Error('nobody asks')) }),
    chance: { now: () => 0, random: () => 0 },
    id: 'i',
  })
  return { ...view, admit: () => admission, mayRetry: () => true }
}

describe('the leave to try a target', () => {
  it('is what health says now, not what it said when the plan was made', () => {
    expect(readmitted(saying(YES), ranked('normal'), false).permit.epoch).toBe(7)
    expect(readmitted(saying(PROBE), ranked('normal'), false).permit.kind).toBe('trial')
  })

  it.each(['open', 'local'] as const)('is refused for a target that opened meanwhile: %s', (why) => {
    expect(() => readmitted(saying(no(why)), ranked('normal'), false)).toThrow(
      expect.objectContaining({ code: 'upstream_unavailable', status: 503 }),
    )
  })

  it.each(['ramp', 'spill'] as const)('is not drawn by lot twice: %s', (why) => {
    expect(readmitted(saying(no(why)), ranked('normal'), false).permit).toEqual(permit('normal'))
    expect(() => readmitted(saying(no(why)), ranked('normal'), true)).toThrow('healthy')
  })

  it('stays a panic that was drawn', () => {
    expect(readmitted(saying(no('open')), ranked('panic'), false).permit.kind).toBe('panic')
  })

  it('is for a retry only where health has no reservation', () => {
    expect(readmitted(saying(YES), ranked('normal'), true).permit.kind).toBe('normal')
    expect(() => readmitted(saying(PROBE), ranked('normal'), true)).toThrow('healthy')
  })

  it.each(['lease', 'trial', 'panic'] as const)('is for one attempt: %s', (kind) => {
    expect(mayTryAgain(saying(YES), ranked(kind))).toBe(false)
    expect(mayTryAgain(saying(YES), ranked('normal'))).toBe(true)
    expect(mayTryAgain(saying(no('local')), ranked('normal'))).toBe(false)
  })
})

describe('one lease', () => {
  it('lets one of several planned requests through', async () => {
    let now = 1_800_000_000_000
    let state = newObject(now)
    const view = healthView({
      object: () => ({
        report: async (report) => {
          const next = step(state, { kind: 'report', report: structuredClone(report) }, now, () => 0.5)
          state = next.state
          const reply = next.effects.find((effect) => effect.kind === 'reply')?.reply
          return reply ?? Promise.reject(new Error('no reply'))
        },
      }),
      chance: { now: () => now, random: () => 0.5 },
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
      view.record({ kind: 'began', permit: permit('normal') })
      await tell({ kind: 'settled', permit: permit('normal'), failed: 1 })
      await tell({ kind: 'planned', suppressed: [], wanted: [ID], refused: [] })
    }
    for (let i = 0; i < 60 && view.admit(ID).verdict !== 'probe'; i++) {
      now += 1_000
      await tell({ kind: 'planned', suppressed: [], wanted: [ID], refused: [] })
    }
    const planned = { ...ranked('lease'), permit: (view.admit(ID) as { permit: Permit }).permit }
    expect(planned.permit.lease).toEqual(expect.any(String))
    const first = readmitted(view, planned, false)
    view.record({ kind: 'began', permit: first.permit })
    expect(() => readmitted(view, planned, false)).toThrow('healthy')
  })
})
