import type { Deployment } from '../config/environment.ts'
import type { KeyMode } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import type { Timers } from '../lib/clock.ts'
import { hex } from '../lib/digest.ts'
import { looksLikeKey } from './key.ts'
import type { Defer, HeldKey, KeyRing } from './isolate/key-ring.ts'
import { broughtKeys, presentedKey, refused, WRONG_KEY } from './presented.ts'
import { EVERYTHING, GUEST, type Principal, principalOf } from './principal.ts'
import { authorize } from './record.ts'
import { denialError, uncheckedKey } from './refusal.ts'
import type { Strangers } from './strangers.ts'

/** Who calls, and the virtual key by which they are known, if it is one. */
export interface Caller {
  readonly principal: Principal
  readonly held?: HeldKey
}
export interface Authenticator {
  /** Throws `invalid_api_key`, `conflicting_credentials`, or 429 for an address that has sent many wrong keys. */
  authenticate(headers: Headers, defer: Defer): Promise<Caller>
}

/** What of the configuration decides who may call. */
export interface CallerSettings {
  readonly holdsProviderKeys: boolean
  readonly keyMode: KeyMode | undefined
  /** Callers may bring provider keys beside their own. */
  readonly brings: boolean
}
export interface AuthenticatorPorts {
  readonly deployment: Deployment
  /** Absent where there are no virtual keys. */
  readonly ring: KeyRing | undefined
  readonly strangers: Strangers
  readonly timers: Pick<Timers, 'now'>
}

type Mode = 'anonymous' | 'gateway' | 'client' | 'closed'

/**
 * With a provider key of its own the gateway answers only callers that present one of `GATEWAY_KEYS` or a virtual
 * key; without one it passes the caller's own provider key on. Keys are compared as digests, in constant time.
 */
export function createAuthenticator(ports: AuthenticatorPorts, settings: CallerSettings): Authenticator {
  const mode = modeOf(ports.deployment, settings)
  const { strangers, ring } = ports
  const asksNobody = mode === 'anonymous' || mode === 'closed'
  const deploymentKey = deploymentKeys(ports.deployment.gatewayKeys)

  async function callerOf(headers: Headers, defer: Defer): Promise<Caller> {
    if (mode === 'anonymous' && ring === undefined) return ANONYMOUS
    const key = presentedKey(asksNobody ? onlyVirtual(headers) : headers)
    if (key !== undefined && looksLikeKey(key)) return virtualCaller(ports, key, headers, defer)
    if (mode === 'anonymous') return ANONYMOUS
    if (mode === 'closed') throw refused(CLOSED)
    if (mode === 'client') return guest(key, settings.brings ? headers : undefined)
    if (key === undefined) throw refused(NO_KEY)
    const caller = await deploymentKey(key)
    if (caller === undefined) throw refused(WRONG_KEY)
    return caller
  }

  return {
    async authenticate(headers, defer) {
      try {
        const caller = await callerOf(headers, defer)
        return settings.brings ? withBrought(caller, headers) : caller
      } catch (thrown) {
        if (thrown instanceof GatewayError && thrown.code === 'invalid_api_key')
          throw strangerError(strangers, headers) ?? thrown
        throw thrown
      }
    },
  }
}

function modeOf({ gatewayKeys, allowAnonymous }: Deployment, settings: CallerSettings): Mode {
  if (allowAnonymous) return 'anonymous'
  if (settings.keyMode === 'client') return 'client'
  if (gatewayKeys.length > 0) return 'gateway'
  return settings.holdsProviderKeys || settings.keyMode !== undefined ? 'closed' : 'client'
}

const ANONYMOUS: Caller = { principal: { tenant: 'anonymous', keyId: 'anonymous', may: EVERYTHING } }
const NO_HEADERS = new Headers()

/** Where no other keys count, callers may send anything in the place of one, as SDKs do: only a virtual key means something. */
function onlyVirtual(headers: Headers): Headers {
  const sent = headers.get('authorization') ?? headers.get('x-api-key') ?? headers.get('api-key') ?? ''
  return looksLikeKey(sent.replace(/^bearer /i, '')) ? headers : NO_HEADERS
}

/** Looks up the keys of the deployment's own variables. */
function deploymentKeys(keys: readonly string[]): (key: string) => Promise<Caller | undefined> {
  // Digests, not promises of digests: a request must not wait for what another one started.
  let known: readonly ArrayBuffer[] | undefined
  // Keys seen before, which the variables hold anyway: a digest costs more than all other checks together.
  // Only keys that were right get in, and a look-up compares texts only where their seeded hashes are the same.
  const admitted = new Map<string, Caller>()
  return async (key) => {
    const seen = admitted.get(key)
    if (seen !== undefined) return seen
    const hash = await digest(key)
    known ??= await Promise.all(keys.map(digest))
    let matches = 0
    for (const candidate of known) matches += Number(crypto.subtle.timingSafeEqual(hash, candidate))
    if (matches === 0) return undefined
    const id = `key_${hex(hash).slice(0, 16)}`
    const sharesAccount = keys.length > 1
    const caller: Caller = { principal: { tenant: id, keyId: id, sharesAccount, may: EVERYTHING } }
    admitted.set(key, caller)
    return caller
  }
}

/**
 * The caller's own provider keys say who it is, all of them: what stands in `Authorization` can be a placeholder that
 * many send beside keys named for their providers.
 */
async function guest(key: string | undefined, brings: Headers | undefined): Promise<Caller> {
  const brought = Object.values(brings === undefined ? {} : broughtKeys(brings))
  const identity = new Set([...(key === undefined ? [] : [key]), ...brought.sort()])
  if (identity.size === 0) throw refused(NO_PROVIDER_KEY)
  const id = `client_${hex(await digest([...identity].join(' '))).slice(0, 16)}`
  return {
    principal: { tenant: id, keyId: id, ...(key !== undefined && { credential: key }), may: GUEST },
  }
}

async function virtualCaller(
  { ring, strangers, timers }: AuthenticatorPorts,
  key: string,
  headers: Headers,
  defer: Defer,
): Promise<Caller> {
  if (strangers.waitMs(addressOf(headers)) !== undefined) throw refused(WRONG_KEY) // asks no object
  const found = (await ring?.find(key, defer)) ?? { kind: 'unknown' as const }
  if (found.kind === 'unknown') throw refused(WRONG_KEY)
  if (found.kind === 'unavailable') throw uncheckedKey()
  const denial = authorize(found.key, { now: timers.now(), address: addressOf(headers) })
  if (denial !== undefined) throw denialError(denial)
  return { principal: principalOf(found.key), held: found }
}

function withBrought(caller: Caller, headers: Headers): Caller {
  const brought = broughtKeys(headers)
  return { ...caller, principal: { ...caller.principal, brought } }
}

/** Counts a wrong key; the error for an address that has sent too many. */
function strangerError(strangers: Strangers, headers: Headers): GatewayError | undefined {
  const address = addressOf(headers)
  const retryAfterMs = strangers.waitMs(address)
  strangers.failed(address)
  return retryAfterMs === undefined
    ? undefined
    : new GatewayError('rate_limit_exceeded', 'Too many wrong API keys came from your address.', {
        retryAfterMs,
      })
}

const addressOf = (headers: Headers): string => headers.get('cf-connecting-ip') ?? ''

const NO_KEY =
  'You did not provide an API key. Send a gateway key in an Authorization header: `Authorization: Bearer KEY`.'
const NO_PROVIDER_KEY =
  "You did not provide an API key. This gateway holds none of its own: send the provider's key in an Authorization header: `Authorization: Bearer KEY`."
const CLOSED =
  'This gateway holds provider keys but has no keys for its callers yet, so it answers nobody. Its operator sets them with `wrangler secret put GATEWAY_KEYS` (comma-separated).'

function digest(key: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))
}
