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
    gates: {},
    held: [],
    done: [],
    want: [],
  }
  const { effects } = step(newObject(NOW), { kind: 'report', report }, NOW, () => 0.5)
  const reply = effects.find((e) => e.kind === 'reply')?.reply
  expect(reply && describe(reply.snapshot)).toEqual([
    {
      target: 'p/m',
      state: 'closed',
      reason: 'new',
      since: NOW,
      share: 1,
      errorRate: 0,
      ttftMs: { p50: 391, p95: 552 },
      tokensPerS: { p50: 50 },
    },
  ])
})
