import type { SealedKey } from './sealed-key.ts'
import type { Checked } from './load.ts'
import type { Problem } from './validate.ts'

/** What of the response cache is to be forgotten. */
export interface Purge {
  readonly scope: 'everything' | 'tenant' | 'route'
  /** Empty for everything. */
  readonly name: string
}
/** How often each was. */
export interface Purges {
  readonly everything: number
  readonly tenants: Readonly<Record<string, number>>
  readonly routes: Readonly<Record<string, number>>
}
export const NO_PURGES: Purges = { everything: 0, tenants: {}, routes: {} }

/** What an isolate copies. */
export interface Snapshot {
  /** Differs whenever anything does: a version, a key, or a purge. */
  readonly revision: number
  /** The version in force; 0 stands for an empty document. */
  readonly version: number
  /** JSON. */
  readonly document: string
  readonly keys: readonly SealedKey[]
  readonly purges: Purges
  /** Newer versions that cannot be used any more, newest first. */
  readonly skipped: readonly number[]
}
export interface VersionInfo {
  readonly version: number
  readonly at: number
  readonly who: string
  readonly message: string
}
export interface Version extends VersionInfo {
  readonly document: string
  /** It can be read, and is still valid under the deployment as it is. */
  readonly usable: boolean
}
export interface AuditEntry {
  readonly seq: number
  readonly at: number
  readonly who: string
  readonly action: 'put' | 'rollback' | 'key' | 'key-removed' | 'purge'
  readonly detail: string
  readonly hash: string
}
/** Who changes something, why, and which version they believe to be in force. */
export interface Author {
  readonly who: string
  readonly message: string
  readonly expected?: number | undefined
}
export type Written =
  | { readonly kind: 'written'; readonly version: number }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }
  | { readonly kind: 'conflict'; readonly version: number }
  | { readonly kind: 'unknown' }

/** What the rest of the Worker calls. */
export interface ConfigObject {
  /** Undefined: still as it was at the revision `known`. */
  read(known: number | undefined): Promise<Snapshot | undefined>
  put(document: string, author: Author): Promise<Written>
  rollback(version: number, author: Author): Promise<Written>
  versions(before: number, limit: number): Promise<readonly VersionInfo[]>
  version(number: number): Promise<Version | undefined>
  putKey(key: SealedKey, author: Author): Promise<Written>
  /** False if there is none. */
  removeKey(provider: string, author: Author): Promise<boolean>
  purge(purge: Purge, author: Author): Promise<Written>
  audit(
    before: number,
    limit: number,
  ): Promise<{ readonly entries: readonly AuditEntry[]; readonly whole: boolean }>
}

/** What the object cannot know by itself. */
export interface StorePorts {
  readonly check: (document: unknown) => Checked
  readonly now: () => number
}
