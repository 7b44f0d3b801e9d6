import { expect, test } from 'vitest'
import { outcomeOf } from '../../../src/health/check-outcome.ts'
import type { FailureKind } from '../../../src/providers/failure.ts'

const of = (kind: FailureKind, authenticated: boolean) => outcomeOf({ kind, message: kind }, authenticated)

test('what a check found', () => {
  expect(outcomeOf(undefined, true)).toBe('ok')
  expect(outcomeOf(undefined, false)).toBe('reachable')
  expect(of('bad_credential', true)).toBe('refused')
  expect(of('bad_credential', false)).toBe('reachable')
  expect(of('forbidden', false)).toBe('reachable')
  expect(of('rate_limited', true)).toBe('reachable')
  expect(of('network', true)).toBe('failed')
  expect(of('overloaded', false)).toBe('failed')
})
