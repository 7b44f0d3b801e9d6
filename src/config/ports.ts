import type { SealedKey } from './sealed-key.ts'
import type { Checked } from './load.ts'
import type { Problem } from './validate.ts'

/** What an isolate copies. */
export interface Snapshot {
  /** Differs whenever anything does: a version, or a key. */
  readonly revision: number
  /** The version in force; 0 stands for an empty document. */
  readonly version: number
  /** JSON. */
  readonly document: string
  readonly keys: readonly SealedKey[]
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
  readonly action: 'put' | 'rollback' | 'key' | 'key-removed'
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
