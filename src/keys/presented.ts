import { GatewayError } from '../errors.ts'

/** Longer than any real key; what is longer is refused before it is hashed. */
const MAX_KEY_CHARS = 1_024
const BEARER = /^bearer ([^\s]+)$/i
const OWN_KEY = /^([a-z][a-z0-9-]{0,31}):([\x21-\x7e]{1,1024})$/

export const WRONG_KEY = 'Incorrect API key provided.'

/** Headers in which callers send keys: shown to nobody, sent on to nobody. */
export const KEY_HEADERS = [
  'authorization',
  'x-api-key',
  'api-key',
  'x-gateway-provider-key',
  'x-openai-api-key',
  'x-goog-api-key',
] as const

/** The key by which a caller says who it is. Throws `invalid_api_key` or `conflicting_credentials`. */
export function presentedKey(headers: Headers): string | undefined {
  const authorization = headers.get('authorization')
  const named = headers.get('x-api-key') ?? headers.get('api-key') ?? undefined
  const bearer = authorization === null ? undefined : bearerOf(authorization)
  if (bearer !== undefined && named !== undefined && bearer !== named) {
    throw new GatewayError('conflicting_credentials', 'Two different API keys were provided; send one.', {
      headers: CHALLENGE,
    })
  }
  return bearer ?? named
}

function bearerOf(authorization: string): string {
  const [, key] = authorization.length > MAX_KEY_CHARS ? [] : (BEARER.exec(authorization) ?? [])
  if (key === undefined) throw refused(WRONG_KEY)
  return key
}

/** Provider keys that a request brings beside the key that says who calls, by provider. */
export function broughtKeys(headers: Headers): Readonly<Record<string, string>> {
  const brought = new Map<string, string>()
  const openai = headers.get('x-openai-api-key')
  const gemini = headers.get('x-goog-api-key')
  const named = headers.get('x-gateway-provider-key')
  if (openai !== null) brought.set('openai', printable('x-openai-api-key', openai))
  if (gemini !== null) brought.set('gemini', printable('x-goog-api-key', gemini))
  for (const each of named === null ? [] : named.split(',')) {
    const [, provider, key] = OWN_KEY.exec(each.trim()) ?? []
    if (provider === undefined || key === undefined) throw malformed('x-gateway-provider-key', 'PROVIDER:KEY')
    brought.set(provider, key)
  }
  return Object.fromEntries(brought)
}

function printable(name: string, key: string): string {
  if (/^[\x21-\x7e]{1,1024}$/.test(key)) return key
  throw malformed(name, 'a key')
}

/** Never quotes what was sent. */
function malformed(name: string, form: string): GatewayError {
  return new GatewayError('invalid_header', `'${name}' must be ${form}.`, { param: name, retry: false })
}

const CHALLENGE = { 'www-authenticate': 'Bearer' }
export function refused(message: string): GatewayError {
  return new GatewayError('invalid_api_key', message, { headers: CHALLENGE, retry: false })
}
