import { describe, expect, it } from 'vitest'
import { classify } from '../../../src/providers/openai/classify.ts'

const body = (type: string, code: string | null, param: string | null = null) => ({
  error: { message: 'm', type, code, param },
})

/** openai.md 1.4 and resilience.md 2.1. */
describe('OpenAI errors', () => {
  it.each([
    [400, body('invalid_request_error', null, 'x'), 'bad_request'],
    [400, body('invalid_request_error', 'context_length_exceeded', 'messages'), 'context_too_long'],
    [400, body('invalid_request_error', 'content_policy_violation'), 'content_policy'],
    [401, body('invalid_request_error', 'invalid_api_key'), 'bad_credential'],
    [402, 'pay', 'billing'],
    [403, body('request_forbidden', 'unsupported_country_region_territory'), 'precondition'],
    [403, body('invalid_request_error', null), 'forbidden'],
    [404, body('invalid_request_error', 'model_not_found'), 'model_missing'],
    [408, '', 'request_timeout'],
    [409, body('conflict', null), 'conflict'],
    [413, body('invalid_request_error', null), 'too_large'],
    [422, body('invalid_request_error', null), 'unprocessable'],
    [429, body('requests', 'rate_limit_exceeded'), 'rate_limited'],
    [429, body('requests', 'slow_down'), 'slow_down'],
    [429, body('insufficient_quota', 'insufficient_quota'), 'quota_exhausted'],
    [429, body('insufficient_quota', 'credit_balance_exhausted'), 'quota_exhausted'],
    [429, body('insufficient_quota', null), 'quota_exhausted'],
    [500, body('server_error', null), 'server_error'],
    [502, '<html>Bad gateway</html>', 'bad_gateway'],
    [503, body('server_error', 'server_is_overloaded'), 'overloaded'],
    [504, '', 'bad_gateway'],
    [524, '<html>524</html>', 'bad_gateway'],
    [529, '', 'bad_gateway'],
    [302, '', 'redirected'],
    [418, '', 'bad_request'],
    [200, body('server_error', null), 'server_error'],
    [200, body('insufficient_quota', 'insufficient_quota'), 'quota_exhausted'],
    [200, { error: { message: 'Network connection lost.' } }, 'server_error'],
  ])('%i %j is %s', (status, answer, kind) => {
    expect(classify(status, new Headers(), answer).kind).toBe(kind)
  })

  it.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '2.5' }, 2_500],
    [{ 'retry-after': '9', 'retry-after-ms': '120.5' }, 120.5],
    [{ 'retry-after': '999999999' }, 600_000],
    [{ 'retry-after': '-5' }, undefined],
    [{ 'retry-after': 'tomorrow' }, undefined],
    [{}, undefined],
  ])('reads the wait of %j', (headers, expected) => {
    expect(classify(429, new Headers(headers as Record<string, string>), '').retryAfterMs).toBe(expected)
  })

  it('never quotes a page', () => {
    expect(classify(502, new Headers(), '<html>secret</html>').message).toBe(
      'The upstream answered with status 502.',
    )
  })
})
