import { DIMENSIONS, type Place } from './entry.ts'
import { placeKey } from './pending.ts'
import { type Sql, wholeOf } from './sql.ts'

/** Rows of roll-ups multiply with places, and callers choose some of their texts. */
export const PLACES_MAX = 20_000
const OTHER = '(other)'

/** Numbers for places. When there are too many, first the tag is given up, then the model. */
export function createPlaces(sql: Sql, max = PLACES_MAX): { idOf(place: Place): number } {
  const known = new Map<string, number>()
  let count = wholeOf(sql.exec('SELECT COUNT(*) AS count FROM place')[0]?.['count']) ?? 0
  const names = DIMENSIONS.map((name) => `"${name}"`).join(', ')
  const marks = DIMENSIONS.map(() => '?').join(', ')
  const same = DIMENSIONS.map((name) => `"${name}" = ?`).join(' AND ')

  function find(place: Place): number | undefined {
    const key = placeKey(place)
    const held = known.get(key)
    if (held !== undefined) return held
    const values = DIMENSIONS.map((name) => place[name])
    const id = wholeOf(sql.exec(`SELECT id FROM place WHERE ${same}`, ...values)[0]?.['id'])
    if (id !== undefined) known.set(key, id)
    return id
  }
  function create(place: Place): number {
    const values = DIMENSIONS.map((name) => place[name])
    const [row] = sql.exec(`INSERT INTO place (${names}) VALUES (${marks}) RETURNING id`, ...values)
    count++
    return wholeOf(row?.['id']) ?? 0
  }
  return {
    idOf(place) {
      if (known.size > 2 * max) known.clear()
      const found = find(place)
      if (found !== undefined) return found
      const less = count < max ? place : { ...place, tag: OTHER }
      const least = count < 2 * max ? less : { ...less, model: OTHER, route: OTHER }
      return find(least) ?? create(least)
    },
  }
}
