const WEEKDAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DAY_MS = 86_400_000
const SECONDS_PER_DAY = 86_400

interface Civil {
  readonly year: number
  readonly month: number
  readonly day: number
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/

function parse(date: string): Civil | undefined {
  const match = DATE.exec(date)
  if (match === null) return undefined
  return { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) }
}

/** Days since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
function daysFromCivil({ year, month, day }: Civil): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function civilFromDays(days: number): Civil {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

const padded = (value: number, width: number) => String(value).padStart(width, '0')

/** The UTC day (YYYY-MM-DD) of an instant in Unix milliseconds. */
export function dayOf(nowMs: number): string {
  const { year, month, day } = civilFromDays(Math.floor(nowMs / DAY_MS))
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
}

/** Unix seconds of the first moment of a day (YYYY-MM-DD). */
export function secondsOf(date: string): number | undefined {
  const civil = parse(date)
  return civil && daysFromCivil(civil) * SECONDS_PER_DAY
}

/** The value of a `Deprecation` header (RFC 9745) for a day: `@` and Unix seconds. */
export function deprecationHeader(date: string): string | undefined {
  const civil = parse(date)
  return civil && `@${daysFromCivil(civil) * SECONDS_PER_DAY}`
}

/** The value of a `Sunset` header (RFC 8594) for a day: its midnight as an HTTP-date. */
export function sunsetHeader(date: string): string | undefined {
  const civil = parse(date)
  if (civil === undefined) return undefined
  const weekday = WEEKDAYS[((daysFromCivil(civil) % 7) + 7) % 7]
  return `${weekday}, ${padded(civil.day, 2)} ${MONTHS[civil.month - 1]} ${padded(civil.year, 4)} 00:00:00 GMT`
}
