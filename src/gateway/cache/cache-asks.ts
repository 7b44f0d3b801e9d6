/** What a caller asks of the cache, by `x-gateway-cache` and `Cache-Control`. */
export interface CacheAsks {
  /** Asked for by `x-gateway-cache`, which switches the cache on where the route does not. */
  readonly on: boolean
  readonly bypass: boolean
  /** A kept answer will do. */
  readonly read: boolean
  /** The answer may be kept. */
  readonly write: boolean
  readonly onlyIfCached: boolean
  /** How long the answer is kept, if it is. */
  readonly ttlSeconds: number | undefined
  readonly maxAgeSeconds: number | undefined
  readonly minFreshSeconds: number
  readonly maxStaleSeconds: number
}

/** Of a caller who says nothing. */
export const NO_ASKS: CacheAsks = {
  on: false,
  bypass: false,
  read: true,
  write: true,
  onlyIfCached: false,
  ttlSeconds: undefined,
  maxAgeSeconds: undefined,
  minFreshSeconds: 0,
  maxStaleSeconds: 0,
}
