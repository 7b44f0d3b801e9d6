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
  /** Override the lifecycle mode and the adaptation mode per request. */
  readonly override: boolean
}

export const EVERYTHING: Permissions = { override: true }

/** The holder of a virtual key. */
export function principalOf({ id, tenant, scopes }: KeyView): Principal {
  return { tenant, keyId: id, may: { override: scopes.override } }
}
