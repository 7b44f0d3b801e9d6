import type { KeyView } from './record.ts'

/** Who calls, as authentication found it. Everything that is per tenant takes it from here. */
export interface Principal {
  /** Never a key, nor anything a key can be told from. */
  readonly tenant: string
  readonly keyId: string
  /** The provider key that the caller brought; used for one provider only, never stored. */
  readonly credential?: string
  /** Provider keys by provider, where the deployment lets callers bring their own. */
  readonly brought?: Readonly<Record<string, string>>
  /** One of several tenants on the deployment's provider accounts. */
  readonly sharesAccount?: boolean
  /** The key switches the cache on for its requests. */
  readonly cache?: KeyView['cache']
  readonly may: Permissions
}

export interface Permissions {
  /** See the state of the deployment's upstreams. */
  readonly observe: boolean
  /** Override lifecycle, adaptation and strategy per request. */
  readonly override: boolean
  /** The strategies that a request may choose; absent: all. */
  readonly strategies?: readonly string[] | undefined
}

export const EVERYTHING: Permissions = { override: true, observe: true }
/** A caller with a provider key of its own is nobody that the operator knows. */
export const GUEST: Permissions = { override: true, observe: false }

/** The holder of a virtual key. */
export function principalOf({ id, tenant, scopes, cache }: KeyView): Principal {
  const { override, strategies } = scopes
  return { tenant, keyId: id, sharesAccount: true, cache, may: { override, strategies, observe: false } }
}
