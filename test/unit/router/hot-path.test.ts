import { expect, it } from 'vitest'
import { newObject } from '../../../src/health/registry-state.ts'
import { step as objectStep } from '../../../src/health/registry-step.ts'
import { healthView } from '../../../src/health/view.ts'
import type { Candidate } from '../../../src/router/candidate.ts'
import { plan } from '../../../src/router/plan.ts'
import { RETRY_POLICY } from '../../../src/router/retry.ts'
import { strategies, type StrategyName } from '../../../src/router/strategies/index.ts'
import { newWalk, type Place, step } from '../../../src/router/walk.ts'
import { candidate, context } from './candidates.ts'

const IDS = ['openai/a', 'openai/b', 'gemini/c', 'gemini/d']
const REQUESTS = 20_000
const LIMIT_US = 50

it.each(Object.keys(strategies) as StrategyName[])(
  'routing and health take less than 50 µs of CPU for a request: %s',
  async (strategy) => {
    let now = 1_800_000_000_000
    let state = newObject(now)
    const chance = { now: () => now, random: Math.random }
    const health = healthView({
      object: () => ({
        report: async (report) => {
          const next = objectStep(state, { kind: 'report', report }, now, Math.random)
          state = next.state
          return next.effects.find((effect) => effect.kind === 'reply')!.reply
        },
      }),
      chance,
      timers: { now: () => now, after: () => () => undefined },
      id: 'i',
    })
    const turns = context(Math.random)
    const request = (): void => {
      const candidates = IDS.map((id): Candidate => {
        const target = { id, provider: id.split('/')[0]!, model: id, credential: 'k' }
        const admission = health.admit(id)
        return candidate(id, { target, admission, gate: health.gate(target), costNano: 1_000 })
      })
      const { order, suppressed, wanted, refused } = plan(
        { candidates, needs: new Set(['tools']) },
        strategies[strategy],
        turns,
      )
      health.record({ kind: 'planned', suppressed, wanted, refused })
      const places = order.map((each): Place => ({
        target: each.target,
        watched: each.target,
        permit: each.permit,
        ttft: undefined,
      }))
      const begun = step(
        newWalk(places, now + 60_000, RETRY_POLICY),
        { kind: 'begin', sight: health },
        now,
        Math.random,
      )
      const { next } = step(begun.walk, { kind: 'ready', sight: health }, now, Math.random)
      if (next.act !== 'try') throw new Error('nobody was tried')
      const { permit } = next
      health.record({ kind: 'began', permit })
      health.record({ kind: 'settled', permit, failed: 0 })
      health.record({
        kind: 'measured',
        target: permit.target,
        promptTokens: 500,
        ttftMs: 400,
        tokensPerS: 60,
      })
    }
    const work: Promise<unknown>[] = []
    const defer = (promise: Promise<unknown>): void => void work.push(promise)
    await health.ready(defer)
    await Promise.all(work.splice(0))
    for (let i = 0; i < REQUESTS / 4; i++) request() // compiled by now
    const from = process.cpuUsage()
    for (let i = 0; i < REQUESTS; i++) {
      now += 5
      request()
      if (i % 500 === 0) {
        health.flush(defer)
        await Promise.all(work.splice(0))
      }
    }
    const { user, system } = process.cpuUsage(from)
    expect((user + system) / REQUESTS).toBeLessThan(LIMIT_US)
  },
)
