import type { KeyView } from './record.ts'

/** Who calls, as authentication found it. Everything that is per tenant takes it from here. */
export interface Principal {
  /** Never a key, nor anything a key can be told from. */
  readonly tenant: string
  readonly keyId: string
  /** The provider key that the caller brought; used for one provider only, never stored. */
  readonly credential?: string
  readonly may: Permissions
}

export interface Permissions {
  /** See the state of the deployment's upstreams. */
  readonly observe: boolean
  /** Override lifecycle, adaptation and strategy per request. */
  readonly override: boolean
}

export const EVERYTHING: Permissions = { override: true, observe: true }
/** A caller with a provider key of its own is nobody that the operator knows. */
export const GUEST: Permissions = { override: true, observe: false }

/** The holder of a virtual key. */
export function principalOf({ id, tenant, scopes }: KeyView): Principal {
  return { tenant, keyId: id, may: { override: scopes.override, observe: false } }
}
