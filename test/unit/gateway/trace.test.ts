import { describe, expect, it } from 'vitest'
import type { Planning } from '../../../src/gateway/plan/planning.ts'
import { traceOf } from '../../../src/gateway/explain/trace.ts'
import { asciiJson } from '../../../src/http/headers.ts'

const target = (id: string) => ({ id, provider: 'openai', model: id, credential: 'TEAM_KEY' })
const planning = (entries: number): Planning => ({
  route: 'fast',
  strategy: 'priority',
  promptTokens: 0,
  reserve: [],
  order: Array.from({ length: entries }, (_, i) => ({
    target: target(`openai/model-${i}`),
    watched: target(`openai/model-${i}`),
    card: undefined,
    priority: 0,
    weight: 1,
    score: i,
    ttft: undefined,
    permit: { target: 'a', epoch: 0, kind: 'normal' },
  })),
  plan: {
    outcome: 'ok',
    order: [],
    reserve: [],
    dropped: [
      { id: 'openai/blind#TEAM_KEY', why: 'capability' },
      { id: 'openai/spent#TEAM_KEY', why: 'gate', detail: 'billing' },
      { id: 'openai/ill#TEAM_KEY', why: 'open' },
    ],
    suppressed: [],
    wanted: [],
    refused: [],
    retryAfterMs: undefined,
  },
})
const attempt = { target: target('openai/model-0'), permit: 'normal', startedAt: 0, ms: 5 } as const

describe('a trace', () => {
  it('names credentials, gates and breakers to those who may observe', () => {
    const text = JSON.stringify(traceOf(planning(1), [attempt], true))
    for (const word of ['TEAM_KEY', 'billing', '"open"', '"gate"', 'permit']) expect(text).toContain(word)
  })

  it('tells others that a target is not to be had now, and not why or by which key', () => {
    const trace = traceOf(planning(1), [attempt], false)
    const text = JSON.stringify(trace)
    for (const word of ['TEAM_KEY', 'billing', '"open"', '"gate"', 'permit']) expect(text).not.toContain(word)
    expect(trace).toMatchObject({
      dropped: [
        { target: 'openai/blind', why: 'capability' },
        { target: 'openai/spent', why: 'unavailable' },
        { target: 'openai/ill', why: 'unavailable' },
      ],
    })
  })

  it.each([1, 16, 100, 2_000])('is JSON that fits into a header, with %i candidates', (entries) => {
    const text = asciiJson(traceOf(planning(entries), [attempt], true))
    expect(text.length).toBeLessThanOrEqual(6_000)
    const { order } = JSON.parse(text) as { order: readonly unknown[] }
    expect(order.length).toBeGreaterThan(0)
    // Whoever is not in the list is counted at its end.
    const more = /^and (\d+) more$/.exec(String(order.at(-1)))
    expect(more === null ? order.length : order.length - 1 + Number(more[1])).toBe(entries)
  })

  it('is ASCII, whatever a name holds', () => {
    expect(asciiJson({ name: 'Zoë 🦦' })).toMatch(/^[\x20-\x7e]+$/)
    expect(JSON.parse(asciiJson({ name: 'Zoë 🦦' }))).toEqual({ name: 'Zoë 🦦' })
  })
})
