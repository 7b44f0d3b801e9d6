import { sha256 } from './digest.ts'

/** One change, as the log keeps it. */
export interface Chained {
  readonly seq: number
  readonly at: number
  readonly who: string
  readonly action: string
  readonly detail: string
  readonly hash: string
}

/** Each entry vouches for the one before it, so that none can be changed or taken out unseen. */
export function auditHash(previous: string, entry: Omit<Chained, 'hash'>): Promise<string> {
  const { seq, at, who, action, detail } = entry
  return sha256(previous, String(seq), String(at), who, action, detail)
}

export const FIRST_HASH = ''

/** Whether entries, newest first, follow from each other, and the last of them from `before`. */
export async function isChained(entries: readonly Chained[], before: string): Promise<boolean> {
  for (const [i, entry] of entries.entries()) {
    if ((await auditHash(entries[i + 1]?.hash ?? before, entry)) !== entry.hash) return false
  }
  return true
}
