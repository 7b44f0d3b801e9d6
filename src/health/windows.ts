import { BUCKET_MS, HISTORY_MS } from './constants.ts'

/** Results of one quarter of a second, in the object's time. */
export interface Bucket {
  readonly at: number
  readonly ok: number
  readonly failed: number
  readonly suppressed: number
}
export type Counts = Omit<Bucket, 'at'>
export type Buckets = readonly Bucket[]

/** Files counts under the time at which they happened; late ones find their place. */
export function fileCounts(buckets: Buckets, at: number, counts: Counts): Buckets {
  const slot = Math.floor(at / BUCKET_MS) * BUCKET_MS
  let index = buckets.length
  while (index > 0 && (buckets[index - 1]?.at ?? 0) > slot) index--
  const held = buckets[index - 1]
  if (held?.at !== slot) return buckets.toSpliced(index, 0, { at: slot, ...counts })
  return buckets.with(index - 1, {
    at: slot,
    ok: held.ok + counts.ok,
    failed: held.failed + counts.failed,
    suppressed: held.suppressed + counts.suppressed,
  })
}

export function prune(buckets: Buckets, now: number): Buckets {
  const oldest = buckets[0]
  // A little slack, so that not every report copies the list.
  if (!oldest || oldest.at >= now - HISTORY_MS - 5_000) return buckets
  return buckets.filter((bucket) => bucket.at >= now - HISTORY_MS)
}

/** Sums over the buckets that end after `from` and start before `to`. */
export function sumBetween(buckets: Buckets, from: number, to: number): Counts {
  let ok = 0
  let failed = 0
  let suppressed = 0
  for (let i = buckets.length - 1; i >= 0; i--) {
    const bucket = buckets[i]
    if (!bucket || bucket.at + BUCKET_MS <= from) break
    if (bucket.at >= to) continue
    ok += bucket.ok
    failed += bucket.failed
    suppressed += bucket.suppressed
  }
  return { ok, failed, suppressed }
}
export const sumSince = (buckets: Buckets, from: number): Counts => sumBetween(buckets, from, Infinity)
