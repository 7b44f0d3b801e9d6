import { expect, test } from 'vitest'
import { describe } from '../../../src/health/describe.ts'
import { newObject } from '../../../src/health/registry-state.ts'
import { step } from '../../../src/health/registry-step.ts'
import { withSample, NO_LATENCY } from '../../../src/health/latency.ts'

const NOW = 1_800_000_000_000

test('what an operator reads of a target', () => {
  const latency = [300, 400, 500].reduce(
    (sums, ttftMs) => withSample(sums, { promptTokens: 100, ttftMs, tokensPerS: 50 }),
    NO_LATENCY,
  )
  const deltas = [{ target: 'p/m', epoch: 0, at: NOW, ok: 3, failed: 0, suppressed: 0, refused: 0 }]
  const report = {
    isolate: 'i',
    sentAt: NOW,
    deltas,
    latency: { 'p/m': latency },
    gates: {
      'k:p/K': { until: NOW + 9_000, reason: 'billing' as const },
      'c:p/K/m': { until: NOW + 5_000, reason: 'rate_limited' as const },
      'm:p/m': { until: NOW + 7_000, reason: 'model_missing' as const },
      'c:p/K/other/m': { until: NOW + 5_000, reason: 'rate_limited' as const },
      'k:other/K': { until: NOW + 5_000, reason: 'billing' as const },
    },
    held: [],
    done: [],
    want: [],
  }
  const { effects } = step(newObject(NOW), { kind: 'report', report }, NOW, () => 0.5)
  const reply = effects.find((e) => e.kind === 'reply')?.reply
  const seen = reply && { snapshot: reply.snapshot, checkedAt: 0, nextCheckAt: NOW + 30_000 }
  const configured = {
    targets: ['p/m', 'p/quiet', 'q/*'],
    keysOf: (target: string) => (target.startsWith('p/') ? ['K', 'L'] : []),
  }
  expect(seen && describe(seen, configured)).toEqual([
    {
      target: 'p/m',
      credentials: ['K', 'L'],
      state: 'closed',
      reason: 'new',
      since: NOW,
      nextCheck: NOW + 30_000,
      gates: [
        { credential: 'K', reason: 'billing', until: NOW + 9_000 },
        { credential: 'K', reason: 'rate_limited', until: NOW + 5_000 },
        { reason: 'model_missing', until: NOW + 7_000 },
      ],
      share: 1,
      errorRate: 0,
      ttftMs: { p50: 391, p95: 552 },
      tokensPerS: { p50: 50, p95: 50 },
    },
    {
      target: 'p/quiet',
      credentials: ['K', 'L'],
      state: 'closed',
      reason: 'no evidence yet',
      since: null,
      nextCheck: NOW + 30_000,
      gates: [{ credential: 'K', reason: 'billing', until: NOW + 9_000 }],
      share: 1,
      errorRate: 0,
      ttftMs: null,
      tokensPerS: null,
    },
    {
      target: 'q/*',
      credentials: [],
      state: 'closed',
      reason: 'no evidence yet',
      since: null,
      nextCheck: NOW + 30_000,
      share: 1,
      errorRate: 0,
      ttftMs: null,
      tokensPerS: null,
    },
  ])
})
