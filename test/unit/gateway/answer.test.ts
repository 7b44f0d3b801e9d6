import { describe, expect, it } from 'vitest'
import { sanitise, toAnswer } from '../../../src/gateway/attempt/answer.ts'
import { FAILURES, type FailureKind } from '../../../src/providers/failure.ts'

const kinds = Object.keys(FAILURES) as FailureKind[]
const secret = 'Incorrect API key provided: sk-proj-abcdef123456WXYZ'

describe('what the caller sees of a failure', () => {
  it.each(kinds)('never shows a key (%s)', (kind) => {
    for (const own of [true, false])
      expect(toAnswer({ kind, message: secret, status: 401 }, own).message).not.toContain('abcdef')
  })
  it.each(kinds)('%s has a status that the SDKs have a class for', (kind) => {
    expect(toAnswer({ kind, message: 'm' }, false).status).toBeGreaterThanOrEqual(400)
  })
  it('relays the words and fields of an upstream where the caller is at fault', () => {
    const answer = toAnswer(
      {
        kind: 'bad_request',
        message: 'bad n',
        status: 400,
        upstream: { type: 'invalid_request_error', code: 'invalid_value', param: 'n' },
      },
      false,
    )
    expect(answer.toBody().error).toEqual({
      message: 'bad n',
      type: 'invalid_request_error',
      param: 'n',
      code: 'invalid_value',
    })
  })
  it('hides the operator’s account, and shows the caller its own', () => {
    const refused = { kind: 'bad_credential', message: secret, status: 401 } as const
    expect([toAnswer(refused, false).status, toAnswer(refused, false).code]).toEqual([
      502,
      'upstream_authentication_failed',
    ])
    expect([toAnswer(refused, true).status, toAnswer(refused, true).code]).toEqual([401, 'invalid_api_key'])
  })
  it('says that repeating is pointless where it is', () => {
    expect(toAnswer({ kind: 'quota_exhausted', message: 'm', status: 429 }, false).detail.retry).toBe(false)
    expect(
      toAnswer({ kind: 'rate_limited', message: 'm', status: 429, retryAfterMs: 5 }, false).detail,
    ).toMatchObject({ retryAfterMs: 5, retry: undefined })
  })
  it('cuts keys of any kind and control characters out of a text', () => {
    expect(sanitise('a AIzaSyA1234567890abc b sk-live_12345678 c \u0000d')).toBe('a [key] b [key] c  d')
  })
})
