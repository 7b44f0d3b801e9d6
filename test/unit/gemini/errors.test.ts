import { describe, expect, test } from 'vitest'
import type { FailureKind } from '../../../src/providers/failure.ts'
import { FAILURES } from '../../../src/providers/failure.ts'
import { gemini } from '../../../src/providers/gemini/index.ts'

const classify = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  gemini.classify(status, new Headers(headers), body)
const google = (code: number, status: string, message = 'Something.', details?: unknown[]) => ({
  error: { code, message, status, ...(details && { details }) },
})
const quota = (quotaId: string) => ({
  '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
  violations: [{ quotaId }],
})
const retry = (retryDelay: string) => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay })
const badKey = {
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason: 'API_KEY_INVALID',
  domain: 'googleapis.com',
}

describe('errors', () => {
  test.each<[string, number, unknown, FailureKind]>([
    ['400 INVALID_ARGUMENT', 400, google(400, 'INVALID_ARGUMENT'), 'bad_request'],
    [
      '400 token limit',
      400,
      google(
        400,
        'INVALID_ARGUMENT',
        'The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).',
      ),
      'context_too_long',
    ],
    [
      '400 API_KEY_INVALID [gemini-trap 112]',
      400,
      google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.', [badKey]),
      'bad_credential',
    ],
    [
      '400 API key expired',
      400,
      google(400, 'INVALID_ARGUMENT', 'API key expired. Please renew the API key.'),
      'bad_credential',
    ],
    [
      '400 errors[].reason',
      400,
      { error: { code: 400, message: 'x', errors: [{ reason: 'API_KEY_INVALID' }] } },
      'bad_credential',
    ],
    [
      '400 FAILED_PRECONDITION',
      400,
      google(400, 'FAILED_PRECONDITION', 'User location is not supported for the API use.'),
      'precondition',
    ],
    ['401 UNAUTHENTICATED', 401, google(401, 'UNAUTHENTICATED'), 'bad_credential'],
    ['402 RESOURCE_EXHAUSTED [gemini-trap 116]', 402, google(402, 'RESOURCE_EXHAUSTED'), 'billing'],
    [
      '403 PERMISSION_DENIED',
      403,
      google(403, 'PERMISSION_DENIED', 'The caller does not have permission'),
      'forbidden',
    ],
    [
      '403 leaked [gemini-trap 113]',
      403,
      google(403, 'PERMISSION_DENIED', 'Your API key was reported as leaked. Please use another API key.'),
      'bad_credential',
    ],
    [
      '403 file [gemini-trap 107]',
      403,
      google(
        403,
        'PERMISSION_DENIED',
        'You do not have permission to access the File abc or it may not exist.',
      ),
      'bad_request',
    ],
    [
      '404 NOT_FOUND',
      404,
      google(
        404,
        'NOT_FOUND',
        'models/x is not found for API version v1beta, or is not supported for generateContent.',
      ),
      'model_missing',
    ],
    [
      '404 new users',
      404,
      google(404, 'NOT_FOUND', 'This model is no longer available to new users.'),
      'model_missing',
    ],
    [
      '404 cached content',
      404,
      google(404, 'NOT_FOUND', 'CachedContent not found (or permission denied)'),
      'bad_request',
    ],
    ['409 ABORTED', 409, google(409, 'ABORTED'), 'conflict'],
    ['413', 413, '<!DOCTYPE html><title>413</title>', 'too_large'],
    ['400 OUT_OF_RANGE', 400, google(400, 'OUT_OF_RANGE'), 'bad_request'],
    ['416 OUT_OF_RANGE', 416, google(416, 'OUT_OF_RANGE'), 'bad_request'],
    [
      '429 RESOURCE_EXHAUSTED',
      429,
      google(429, 'RESOURCE_EXHAUSTED', 'Resource has been exhausted (e.g. check quota).'),
      'rate_limited',
    ],
    ['499 CANCELLED', 499, google(499, 'CANCELLED'), 'cancelled'],
    ['500 INTERNAL [gemini-trap 117]', 500, google(500, 'INTERNAL'), 'server_error'],
    ['501 UNIMPLEMENTED', 501, google(501, 'UNIMPLEMENTED'), 'bad_request'],
    ['502', 502, '<html>Bad gateway</html>', 'bad_gateway'],
    ['503 UNAVAILABLE', 503, google(503, 'UNAVAILABLE', 'The model is overloaded.'), 'overloaded'],
    ['504 DEADLINE_EXCEEDED', 504, google(504, 'DEADLINE_EXCEEDED'), 'request_timeout'],
    ['520 of a proxy', 520, '', 'bad_gateway'],
    ['302', 302, '', 'redirected'],
  ])('[gemini 1.3 %s]', (_row, status, body, kind) =>
    expect(classify(status, body)).toMatchObject({ kind, status }),
  )

  test('[gemini-trap 114] [known-bug 77] RetryInfo is the wait, fractions and all; the message is the fallback', () => {
    const wait = (details: unknown[], message = 'x') =>
      classify(429, google(429, 'RESOURCE_EXHAUSTED', message, details)).retryAfterMs
    expect(wait([quota('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'), retry('34.4s')])).toBe(34_400)
    expect(wait([retry('0s')])).toBe(0)
    expect(wait([], 'Quota exceeded. Please retry in 36.4s.')).toBe(36_400)
    expect(wait([retry('soon')])).toBeUndefined()
    expect(wait([])).toBeUndefined()
    expect(classify(503, '', { 'retry-after': '7' }).retryAfterMs).toBe(7000)
  })
  test('[gemini-trap 115] [known-bug 77] a spent day is no rate limit, whatever its delay says', () => {
    const body = google(429, 'RESOURCE_EXHAUSTED', 'Please retry in 36s.', [
      quota('GenerateRequestsPerDayPerProjectPerModel-FreeTier'),
      retry('36s'),
    ])
    expect(classify(429, body)).toMatchObject({ kind: 'quota_exhausted' })
    expect(classify(429, body).retryAfterMs).toBeUndefined()
  })
  test.each<[string, unknown]>([
    ['in an array', [google(400, 'INVALID_ARGUMENT', 'Bad field.')]],
    ['second in an array', [{}, google(400, 'INVALID_ARGUMENT', 'Bad field.')]],
    [
      'as JSON in the message',
      { error: { code: 400, message: JSON.stringify(google(400, 'INVALID_ARGUMENT', 'Bad field.')) } },
    ],
    [
      'twice so, in arrays',
      {
        error: {
          code: 400,
          message: JSON.stringify([
            {
              error: { code: 400, message: JSON.stringify([google(400, 'INVALID_ARGUMENT', 'Bad field.')]) },
            },
          ]),
        },
      },
    ],
    ['without code', { error: { message: 'Bad field.', status: 'INVALID_ARGUMENT' } }],
    ['without status', { error: { message: 'Bad field.', code: '400' } }],
    ['as a text', 'Bad field.'],
    ['as the error itself', { error: 'Bad field.' }],
  ])('[gemini-trap 118] the message is found %s', (_where, body) =>
    expect(classify(400, body)).toMatchObject({ kind: 'bad_request', message: 'Bad field.' }),
  )
  test.each([
    null,
    undefined,
    5,
    [],
    {},
    { error: null },
    { error: { message: 7, details: 'x', errors: [null] } },
    '<html>',
    { error: { message: '{"error":' } },
  ])('a body that is %j is read by its status', (body) =>
    expect(classify(429, body)).toMatchObject({ kind: 'rate_limited', status: 429 }),
  )

  test('[gemini-trap 111] the key is a header', () =>
    expect(gemini.authorize('AIzaSecret')).toEqual({ 'x-goog-api-key': 'AIzaSecret' }))
  test('[known-bug 89] neither keys, addresses nor control characters reach the caller', () => {
    const { message } = classify(
      400,
      google(
        400,
        'INVALID_ARGUMENT',
        'Bad\u0000 AIzaSyA1234567890abcdef at https://generativelanguage.googleapis.com/v1beta/models?key=abc and ?key=xyz\n',
      ),
    )
    expect(message).not.toMatch(/AIza|googleapis|key=[ax]|[\n\0]/)
    expect(classify(400, google(400, 'INVALID_ARGUMENT', 'x'.repeat(5000))).message).toHaveLength(500)
  })
  test('Google’s words are given on only where the caller has something to mend', () => {
    for (const [status, name] of [
      [401, 'UNAUTHENTICATED'],
      [403, 'PERMISSION_DENIED'],
      [500, 'INTERNAL'],
      [503, 'UNAVAILABLE'],
    ] as const) {
      const failure = classify(status, google(status, name, 'Inner workings.'))
      expect(FAILURES[failure.kind].relay).toBeUndefined()
      expect(failure.message).not.toContain('Inner workings')
    }
  })
})
