import type { Admission } from '../../../src/health/admit.ts'
import type { Candidate, StrategyContext, Turns } from '../../../src/router/candidate.ts'

const yes = (target: string): Admission => ({ verdict: 'yes', permit: { target, epoch: 0, kind: 'normal' } })

export const candidate = (id: string, change: Partial<Candidate> = {}): Candidate => ({
  id,
  target: { id, provider: 'p', model: id, credential: 'k' },
  priority: 0,
  weight: 1,
  serves: true,
  features: undefined,
  contextTokens: undefined,
  costNano: undefined,
  admission: yes(id),
  gate: undefined,
  health: 1,
  errorRate: 0,
  latency: undefined,
  ...change,
})

export function turns(): Turns {
  const held = new Map<string, readonly number[]>()
  return { get: (key) => held.get(key), set: (key, current) => void held.set(key, current) }
}

export const context = (random: () => number, change: Partial<StrategyContext> = {}): StrategyContext => ({
  random,
  promptTokens: 500,
  outputTokens: 300,
  turns: turns(),
  secondNano: 200_000,
  ...change,
})
