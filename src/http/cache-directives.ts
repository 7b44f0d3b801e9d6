import { MAX_TTL_SECONDS } from '../config/schema.ts'
import { GatewayError } from '../errors.ts'
import { type CacheAsks, NO_ASKS } from '../gateway/cache/cache-asks.ts'
import { REQUEST_HEADERS } from './request-headers.ts'

const { cache: OURS, cacheControl: STANDARD } = REQUEST_HEADERS
const OUR_NAMES = ['on', 'ttl', 'refresh', 'bypass', 'only-if-cached']
/** RFC 9111, 5.2.1, but for `no-transform`: nothing is transformed here. */
const STANDARD_NAMES = ['no-cache', 'no-store', 'only-if-cached', 'max-age', 'min-fresh', 'max-stale']
type Directives = ReadonlyMap<string, string | undefined>

/**
 * What the caller asks of the cache; undefined if nothing. Ours switches it on. The standard directives mean what they
 * mean in HTTP (RFC 9111, 5.2.1), and those that nobody knows are passed over. Throws 400 with the header's name.
 */
export function cacheAsks(headers: Headers): CacheAsks | undefined {
  const ours = directives(headers, OURS)
  const standard = directives(headers, STANDARD)
  if (ours.size + standard.size === 0) return undefined
  checkOurs(ours)
  contradictions(ours, standard)
  const refresh = ours.has('refresh') || standard.has('no-cache')
  const bypass = ours.has('bypass')
  return {
    on: ours.size > 0 && !bypass,
    bypass,
    read: !bypass && !refresh,
    write: !bypass && !standard.has('no-store'),
    onlyIfCached: ours.has('only-if-cached') || standard.has('only-if-cached'),
    ttlSeconds: ours.has('ttl') ? ttl(ours.get('ttl')) : undefined,
    maxAgeSeconds: seconds(standard, 'max-age', undefined),
    minFreshSeconds: seconds(standard, 'min-fresh', undefined) ?? NO_ASKS.minFreshSeconds,
    maxStaleSeconds: seconds(standard, 'max-stale', Infinity) ?? NO_ASKS.maxStaleSeconds,
  }
}

function directives(headers: Headers, header: string): Directives {
  const found = new Map<string, string | undefined>()
  for (const item of (headers.get(header) ?? '').split(',')) {
    const [name = '', ...rest] = item.split('=')
    const key = name.trim().toLowerCase()
    const value =
      rest.length === 0
        ? undefined
        : rest
            .join('=')
            .trim()
            .replace(/^"(.*)"$/, '$1')
    if (key === '' || (header === STANDARD && !STANDARD_NAMES.includes(key))) continue
    if (found.has(key) && found.get(key) !== value) throw refused(header, `says '${shown(key)}' twice`)
    found.set(key, value)
  }
  return found
}

function checkOurs(ours: Directives): void {
  for (const [name, value] of ours) {
    if (!OUR_NAMES.includes(name)) throw refused(OURS, `may hold ${OUR_NAMES.join(', ')}`)
    if (name !== 'ttl' && value !== undefined) throw refused(OURS, `takes no value for '${name}'`)
  }
}

/** Pairs that cannot both be meant. The header at fault is the first one's. */
const CONTRADICTIONS: readonly (readonly [header: string, name: string, header: string, name: string])[] = [
  [OURS, 'bypass', OURS, 'on'],
  [OURS, 'bypass', OURS, 'ttl'],
  [OURS, 'bypass', OURS, 'refresh'],
  [OURS, 'bypass', OURS, 'only-if-cached'],
  [OURS, 'bypass', STANDARD, 'only-if-cached'],
  [OURS, 'refresh', OURS, 'only-if-cached'],
  [OURS, 'refresh', STANDARD, 'only-if-cached'],
  [OURS, 'refresh', STANDARD, 'no-store'],
  [OURS, 'ttl', STANDARD, 'no-store'],
  [OURS, 'only-if-cached', STANDARD, 'no-cache'],
  [STANDARD, 'no-cache', STANDARD, 'only-if-cached'],
]

function contradictions(ours: Directives, standard: Directives): void {
  const said = (header: string, name: string): boolean => (header === OURS ? ours : standard).has(name)
  for (const [header, name, other, otherName] of CONTRADICTIONS) {
    if (said(header, name) && said(other, otherName))
      throw refused(
        header,
        `contradicts itself: '${name}' and '${otherName}'${other === header ? '' : ` in '${other}'`}`,
      )
  }
}

function ttl(value: string | undefined): number {
  const number = Number(value)
  if (!/^\d{1,7}$/.test(value ?? '') || number < 1 || number > MAX_TTL_SECONDS)
    throw refused(OURS, `needs a 'ttl' of 1 to ${MAX_TTL_SECONDS} seconds`)
  return number
}

/** More seconds than this are this many (RFC 9111, 1.2.2). */
const MAX_SECONDS = 2_147_483_648

function seconds(standard: Directives, name: string, bare: number | undefined): number | undefined {
  if (!standard.has(name)) return undefined
  const value = standard.get(name)
  if (value === undefined && bare !== undefined) return bare
  if (!/^\d+$/.test(value ?? '')) throw refused(STANDARD, `needs a number of seconds for '${name}'`)
  return Math.min(Number(value), MAX_SECONDS)
}

const shown = (text: string): string => text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, 40)

function refused(header: string, what: string): GatewayError {
  return new GatewayError('invalid_header', `'${header}' ${what}.`, { param: header })
}
