import type { Principal } from './principal.ts'
import { deriveHmacKey, pseudonym } from './secrets.ts'

/** Fields by which a caller names its end users, or a corner of the provider's prompt cache. */
const FIELDS = ['prompt_cache_key', 'user', 'safety_identifier'] as const

export type Pseudonyms = Readonly<Record<string, string | undefined>>
const NONE: Pseudonyms = {}

/**
 * Several tenants on one provider account share its prompt cache and its abuse tracking. Their values for these
 * fields are replaced by ones that no other tenant can name; without a `GATEWAY_SECRET` they are left out.
 */
export function createPseudonyms(
  secret: string | undefined,
): (principal: Pick<Principal, 'tenant' | 'sharesAccount'>, request: object) => Promise<Pseudonyms> {
  let key: CryptoKey | undefined
  return async ({ tenant, sharesAccount }, request) => {
    if (sharesAccount !== true) return NONE
    const replaced: Record<string, string | undefined> = {}
    for (const [field, value] of Object.entries(request)) {
      if (!FIELDS.some((name) => name === field) || typeof value !== 'string') continue
      key ??= secret === undefined ? undefined : await deriveHmacKey(secret, 'pseudonyms')
      replaced[field] = key === undefined ? undefined : await pseudonym(key, tenant, field, value)
    }
    return replaced
  }
}
