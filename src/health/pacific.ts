/** Google's daily quotas return at midnight US-Pacific. Plain arithmetic, so that the core needs no clock and no time zones. */
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** Days since 1970-01-01 of a civil date (Hinnant's algorithm). */
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  )
}

function yearOf(ms: number): number {
  let year = 1970 + Math.floor(ms / (365.2425 * DAY_MS))
  if (daysOf(year + 1, 1, 1) * DAY_MS <= ms) year++
  if (daysOf(year, 1, 1) * DAY_MS > ms) year--
  return year
}

/** The nth Sunday of a month, in days. 1970-01-01 was a Thursday. */
function sunday(year: number, month: number, nth: number): number {
  const first = daysOf(year, month, 1)
  return first + ((((3 - first) % 7) + 7) % 7) + (nth - 1) * 7
}

/** Summer time lasts from the second Sunday of March, 2:00 PST, to the first Sunday of November, 2:00 PDT. */
function offsetMs(utcMs: number): number {
  const year = yearOf(utcMs - 8 * HOUR_MS)
  const from = sunday(year, 3, 2) * DAY_MS + 10 * HOUR_MS
  const to = sunday(year, 11, 1) * DAY_MS + 9 * HOUR_MS
  return (utcMs >= from && utcMs < to ? -7 : -8) * HOUR_MS
}

/** The next midnight in Los Angeles after `utcMs`. */
export function nextPacificMidnight(utcMs: number): number {
  const localDay = Math.floor((utcMs + offsetMs(utcMs)) / DAY_MS) + 1
  const winter = localDay * DAY_MS + 8 * HOUR_MS
  const summer = localDay * DAY_MS + 7 * HOUR_MS
  return offsetMs(summer) === -7 * HOUR_MS ? summer : winter
}
