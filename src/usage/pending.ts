import { isRecord } from '../protocol/guards.ts'
import { type Counters, sum, SUMMED } from './counters.ts'
import { DIMENSIONS, type Entry, type Place } from './entry.ts'
import { wholeOf } from './sql.ts'

/** What has been received and not yet rolled up, by minute and place. */
export type Pending = ReadonlyMap<string, Sums>
export interface Sums {
  /** Unix milliseconds at which the minute begins. */
  readonly minute: number
  readonly place: Place
  readonly counters: Counters
}

export const MINUTE_MS = 60_000
export const NOTHING: Pending = new Map()

export function merged(pending: Pending, added: Iterable<Sums>): Pending {
  const all = new Map(pending)
  for (const sums of added) {
    const key = `${sums.minute}\n${placeKey(sums.place)}`
    const held = all.get(key)
    all.set(key, held === undefined ? sums : { ...held, counters: sum(held.counters, sums.counters) })
  }
  return all
}

export const placeKey = (place: Place): string => JSON.stringify(DIMENSIONS.map((name) => place[name]))

export function sumsOf(entries: readonly Entry[]): readonly Sums[] {
  return entries.flatMap(({ at, parts }) =>
    parts.map((part) => ({ minute: Math.floor(at / MINUTE_MS) * MINUTE_MS, ...part })),
  )
}

export function write(pending: Pending): string {
  return pending.size === 0 ? '' : JSON.stringify([...pending.values()])
}

/** Reads what `write` wrote; items that make no sense are left out and counted. */
export function read(text: string): { readonly pending: Pending; readonly corrupt: number } {
  if (text === '') return { pending: NOTHING, corrupt: 0 }
  const items = parse(text)
  if (items === undefined) return { pending: NOTHING, corrupt: 1 }
  const good = items.map(sumsFrom).filter((item) => item !== undefined)
  return { pending: merged(NOTHING, good), corrupt: items.length - good.length }
}

function parse(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : undefined
  } catch {
    return undefined
  }
}

function sumsFrom(item: unknown): Sums | undefined {
  if (!isRecord(item) || !isRecord(item['place']) || !isRecord(item['counters'])) return undefined
  const minute = wholeOf(item['minute'])
  const place = placeFrom(item['place'])
  const counters = countersFrom(item['counters'])
  return minute === undefined || place === undefined || counters === undefined
    ? undefined
    : { minute, place, counters }
}

/** The dimensions out of a row, if all of them are there. */
export function placeFrom(row: Readonly<Record<string, unknown>>): Place | undefined {
  const text = (name: string): string | undefined => {
    const value = row[name]
    return typeof value === 'string' ? value : undefined
  }
  const [tenant, key, provider, model, route, endpoint, tag] = DIMENSIONS.map(text)
  if (tenant === undefined || key === undefined || provider === undefined || model === undefined)
    return undefined
  if (route === undefined || endpoint === undefined || tag === undefined) return undefined
  return { tenant, key, provider, model, route, endpoint, tag }
}

/** The counters out of a row, if each that is there is a whole number. */
export function countersFrom(row: Readonly<Record<string, unknown>>): Counters | undefined {
  const counters: { [name in (typeof SUMMED)[number]]?: number } = {}
  for (const name of SUMMED) {
    const value = row[name]
    if (value === undefined || value === 0) continue
    const whole = wholeOf(value)
    if (whole === undefined) return undefined
    counters[name] = whole
  }
  return counters
}
