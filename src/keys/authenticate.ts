import type { Deployment } from '../config/environment.ts'
import { GatewayError } from '../errors.ts'
import { EVERYTHING, type Principal } from './principal.ts'

export interface Authenticator {
  /** Throws `invalid_api_key` or `conflicting_credentials`. */
  authenticate(headers: Headers): Promise<Principal>
}

type Mode = 'anonymous' | 'gateway' | 'client' | 'closed'

/**
 * With a provider key of its own the gateway answers only callers that present one of `GATEWAY_KEYS`; without one
 * it passes the caller's own provider key on. Keys are compared as digests, in constant time.
 */
export function createAuthenticator(deployment: Deployment, holdsProviderKeys: boolean): Authenticator {
  const mode = modeOf(deployment, holdsProviderKeys)
  // Digests, not promises of digests: a request must not wait for what another one started.
  let known: readonly ArrayBuffer[] | undefined
  return {
    async authenticate(headers) {
      if (mode === 'anonymous') return { tenant: 'anonymous', keyId: 'anonymous', may: EVERYTHING }
      if (mode === 'closed') throw refused(CLOSED)
      const key = presentedKey(headers)
      if (key === undefined) throw refused(mode === 'client' ? NO_PROVIDER_KEY : NO_KEY)
      const hash = await digest(key)
      const id = hex(hash).slice(0, 16)
      if (mode === 'client')
        return { tenant: `client_${id}`, keyId: `client_${id}`, credential: key, may: EVERYTHING }
      known ??= await Promise.all(deployment.gatewayKeys.map(digest))
      let matches = 0
      for (const candidate of known) matches += Number(crypto.subtle.timingSafeEqual(hash, candidate))
      if (matches === 0) throw refused(WRONG_KEY)
      return { tenant: `key_${id}`, keyId: `key_${id}`, may: EVERYTHING }
    },
  }
}

function modeOf({ gatewayKeys, allowAnonymous }: Deployment, holdsProviderKeys: boolean): Mode {
  if (allowAnonymous) return 'anonymous'
  if (gatewayKeys.length > 0) return 'gateway'
  return holdsProviderKeys ? 'closed' : 'client'
}

const NO_KEY =
  'You did not provide an API key. Send a gateway key in an Authorization header: `Authorization: Bearer KEY`.'
const NO_PROVIDER_KEY =
  "You did not provide an API key. This gateway holds none of its own: send the provider's key in an Authorization header: `Authorization: Bearer KEY`."
const WRONG_KEY = 'Incorrect API key provided.'
const CLOSED =
  'This gateway holds provider keys but has no keys for its callers yet, so it answers nobody. Its operator sets them with `wrangler secret put GATEWAY_KEYS` (comma-separated).'

/** Longer than any real key; what is longer is refused before it is hashed. */
const MAX_KEY_CHARS = 1_024
const BEARER = /^bearer ([^\s]+)$/i

function presentedKey(headers: Headers): string | undefined {
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

const CHALLENGE = { 'www-authenticate': 'Bearer' }
function refused(message: string): GatewayError {
  return new GatewayError('invalid_api_key', message, { headers: CHALLENGE, retry: false })
}

function digest(key: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))
}
function hex(hash: ArrayBuffer): string {
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
