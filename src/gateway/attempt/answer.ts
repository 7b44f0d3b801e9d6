import { ERRORS, GatewayError } from '../../errors.ts'
import { type Failure, FAILURES, UpstreamFailure } from '../../providers/failure.ts'

/** Our words for failures whose own text is not for the caller: it may quote a key or name the operator's account. */
const WORDS: Readonly<Partial<Record<Failure['kind'], string>>> = {
  bad_credential: 'The upstream provider did not accept the credentials of this gateway.',
  forbidden: 'The upstream provider did not accept the credentials of this gateway.',
  precondition: 'The upstream provider does not serve this gateway at the moment.',
  billing: 'The account of this gateway at the upstream provider is exhausted.',
  quota_exhausted: 'The quota of this gateway at the upstream provider is exhausted.',
  overloaded: 'The upstream provider is overloaded.',
  server_error: 'The upstream provider failed.',
  bad_gateway: 'The upstream provider failed.',
  request_timeout: 'The upstream provider timed out.',
  conflict: 'The upstream provider reported a conflict.',
  redirected: 'The upstream provider answered with a redirect, which is never followed.',
}
/** Anything that looks like a key, whoever wrote it. */
const KEY_LIKE =
  /\b(?:sk|ek|gw|gwa|gws)[-_][A-Za-z0-9_-]{6,}[^\s"']*|\bAIza[A-Za-z0-9_-]{10,}|\bAQ\.[A-Za-z0-9_-]{10,}/g
/** Rate limits name the account: the operator's, unless the caller brought the key. */
const ACCOUNT = /\b(organization|project) (?:org|proj)[-_][\w-]+/g
// oxlint-disable-next-line eslint/no-control-regex -- control characters are what is taken out
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g
const MAX_MESSAGE_CHARS = 500

/** Text of an upstream that may reach a caller: no keys, no account, no control characters, short. */
export function sanitise(text: string): string {
  return text
    .replaceAll(KEY_LIKE, '[key]')
    .replaceAll(ACCOUNT, '$1 [account]')
    .replaceAll(CONTROL, ' ')
    .slice(0, MAX_MESSAGE_CHARS)
}

/**
 * What the caller sees of the failure that ended the request. Where the caller is at fault the upstream's own
 * status, code and words reach it; with the caller's own provider key, so does the refusal of that key.
 */
export function toAnswer(failure: Failure, ownKey: boolean): GatewayError {
  const row = FAILURES[failure.kind]
  if (ownKey && failure.kind === 'bad_credential') {
    return new GatewayError('invalid_api_key', 'Incorrect API key provided: the provider refused it.', {
      headers: { 'www-authenticate': 'Bearer' },
      retry: false,
    })
  }
  const relayed = row.relay === true || (ownKey && OWN_ACCOUNT.has(failure.kind))
  const words = relayed ? failure.message : (WORDS[failure.kind] ?? failure.message)
  return new GatewayError(row.code, sanitise(words), {
    param: relayed ? fit(failure.upstream?.param) : undefined,
    retryAfterMs: failure.retryAfterMs,
    retry: isFinal(failure) ? false : undefined,
    ...(relayed && upstreamFields(failure)),
    cause: failure,
  })
}

const fit = (text: string | null | undefined): string | undefined =>
  typeof text === 'string' ? sanitise(text) : undefined

/** Failures of an account: the caller's own, when the key is. */
const OWN_ACCOUNT: ReadonlySet<Failure['kind']> = new Set(['forbidden', 'precondition', 'billing'])
/** An SDK would repeat these by its own rules; nothing will change within its patience (openai.md 1.6). */
const RETRY_IS_POINTLESS: ReadonlySet<Failure['kind']> = new Set([
  'billing',
  'quota_exhausted',
  'bad_credential',
  'forbidden',
  'precondition',
  'model_missing',
])

const isFinal = ({ kind, final }: Failure): boolean => final === true || RETRY_IS_POINTLESS.has(kind)

function upstreamFields({ kind, status, upstream }: Failure): Pick<GatewayError['detail'], 'upstream'> {
  if (status === undefined) return {}
  const type = fit(upstream?.type)
  const code = upstream?.code === null ? null : fit(upstream?.code)
  if (status >= 400) return { upstream: { status: statusFor(status), type, code } }
  // An error within an answer has no status of its own.
  return typeof code === 'string'
    ? { upstream: { status: ERRORS[FAILURES[kind].code].status, type, code } }
    : {}
}

/** Google bills with 402; the SDKs know 429 for it. */
const statusFor = (status: number): number => (status === 402 ? 429 : status)

/** Whatever ended a stream, as the error that its last frame carries. */
export function errorOf(thrown: unknown, ownKey: boolean): GatewayError {
  if (thrown instanceof GatewayError) return thrown
  return toAnswer(
    thrown instanceof UpstreamFailure ? thrown.failure : { kind: 'cut_short', message: INTERRUPTED },
    ownKey,
  )
}

export const INTERRUPTED = 'The upstream stream was interrupted before the answer was complete.'
