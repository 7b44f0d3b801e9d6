import type { Chained } from '../lib/audit-chain.ts'

/** One change by an administrator. `detail` is JSON: the key, what changed, and from where. */
export interface AdminChange {
  readonly who: string
  readonly action: string
  readonly detail: string
}
export type Login =
  | { readonly kind: 'right' | 'wrong' }
  /** `blocked`: too many have failed. `busy`: too many were right. */
  | { readonly kind: 'blocked' | 'busy'; readonly waitMs: number }

/** What the rest of the Worker calls. */
export interface AdminObject {
  /** Judges an attempt to log in; `right` says whether the secret was. */
  login(address: string, right: boolean): Promise<Login>
  /** Adds an entry, and answers its number. */
  record(change: AdminChange): Promise<number>
  /** Newest first; `whole` says whether the chain of hashes is unbroken. */
  audit(
    before: number,
    limit: number,
  ): Promise<{ readonly entries: readonly Chained[]; readonly whole: boolean }>
}
