import { GatewayError } from '../errors.ts'

/** Where the value of one top-level member lies in the text, and where the member begins (its opening quote). */
export interface Member {
  readonly key: string
  readonly start: number
  readonly valueStart: number
  readonly valueEnd: number
}

/**
 * Nesting that `JSON.parse` survives but later steps do not: `JSON.stringify` dies near 5,000 levels, and no
 * request to a model nests deeper than a handful.
 */
const MAX_DEPTH = 64
/** Containers and members each cost heap far above their text: 4 MB of `{},` would become 89 MB. */
const MAX_NODES = 200_000
/** Plain items (numbers of a token array) cost little, but not nothing. */
const MAX_ITEMS = 3_000_000

/** `__proto__` with each of its nine characters written as `\u005f`. */
const LONGEST_ESCAPED_PROTO = 54

const QUOTE = 34
const COMMA = 44
const COLON = 58
const BRACKET_OPEN = 91
const BACKSLASH = 92
const BRACKET_CLOSE = 93
const BRACE_OPEN = 123
const BRACE_CLOSE = 125

/**
 * Walks the structure of a JSON text once, before it is parsed: refuses what would cost far more memory or stack
 * than its size, and notes where the top-level members lie, so that single ones can be replaced in the text.
 * It does not validate: `JSON.parse` does that next. Strings are skipped by native search.
 */
export function scanJson(text: string): readonly Member[] {
  const scan = new Scan(text)
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = scan.string(i)
        break
      case BRACE_OPEN:
      case BRACKET_OPEN:
        scan.open()
        break
      case BRACE_CLOSE:
      case BRACKET_CLOSE:
        scan.close(i)
        break
      case COLON:
        scan.colon(i)
        break
      case COMMA:
        scan.comma(i)
        break
      default:
    }
  }
  return scan.members
}

/**
 * Refuses a member that stands there twice: of two parsers one may take the first and the other the last, so that what
 * is checked here would not be what is done upstream (security.md 5).
 */
export function refuseRepeats(members: readonly Member[]): void {
  const seen = new Set<string>()
  for (const { key } of members) {
    if (seen.has(key)) {
      const shown = key.slice(0, 64)
      throw new GatewayError('invalid_json', `The key '${shown}' stands in the JSON body more than once.`, {
        param: shown,
      })
    }
    seen.add(key)
  }
}

class Scan {
  readonly members: Member[] = []
  readonly #text: string
  #depth = 0
  #nodes = 0
  #items = 0
  #keyStart = -1
  #keyEnd = -1
  #valueStart = -1

  constructor(text: string) {
    this.#text = text
  }

  /** Returns where the string ends. */
  string(at: number): number {
    const end = endOfString(this.#text, at)
    refuseForbiddenKey(this.#text, at, end)
    if (this.#depth === 1 && this.#keyStart < 0) {
      this.#keyStart = at
      this.#keyEnd = end
    }
    return end
  }

  open(): void {
    if (++this.#depth > MAX_DEPTH) {
      throw new GatewayError('json_too_deep', `The JSON body nests deeper than ${MAX_DEPTH} levels.`)
    }
    this.#count()
  }

  close(at: number): void {
    if (this.#depth === 1) this.#member(at)
    this.#depth--
  }

  colon(at: number): void {
    this.#count()
    if (this.#depth === 1 && this.#valueStart < 0) this.#valueStart = skipSpace(this.#text, at + 1)
  }

  comma(at: number): void {
    if (++this.#items > MAX_ITEMS) throw tooComplex()
    if (this.#depth === 1) this.#member(at)
  }

  #count(): void {
    if (++this.#nodes > MAX_NODES) throw tooComplex()
  }

  #member(end: number): void {
    if (this.#keyStart >= 0 && this.#valueStart >= 0) {
      this.members.push({
        key: keyText(this.#text, this.#keyStart, this.#keyEnd),
        start: this.#keyStart,
        valueStart: this.#valueStart,
        valueEnd: trimEnd(this.#text, this.#valueStart, end),
      })
    }
    this.#keyStart = -1
    this.#valueStart = -1
  }
}

function tooComplex(): GatewayError {
  return new GatewayError('json_too_complex', 'The JSON body has too many objects, arrays or members.')
}

/** The index of the closing quote of the string that opens at `open`. */
function endOfString(text: string, open: number): number {
  let from = open + 1
  for (;;) {
    const quote = text.indexOf('"', from)
    if (quote < 0) return text.length
    let slashes = 0
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return quote
    from = quote + 1
  }
}

/** An own `__proto__` member survives `JSON.parse` and bites whoever merges objects later. */
function refuseForbiddenKey(text: string, open: number, end: number): void {
  const length = end - open - 1
  if (length < 9 || length > LONGEST_ESCAPED_PROTO) return
  const raw = text.slice(open + 1, end)
  if (raw !== '__proto__' && !raw.includes('\\')) return
  if (text.charCodeAt(skipSpace(text, end + 1)) === COLON && keyText(text, open, end) === '__proto__') {
    throw new GatewayError('forbidden_key', 'The key `__proto__` is not allowed.', { param: '__proto__' })
  }
}

function keyText(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end)
  if (!raw.includes('\\')) return raw
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    return raw // the text is not JSON; the parser says so next
  }
}

function skipSpace(text: string, from: number): number {
  let i = from
  while (text.charCodeAt(i) <= 32) i++
  return i
}

function trimEnd(text: string, from: number, to: number): number {
  let end = to
  while (end > from && text.charCodeAt(end - 1) <= 32) end--
  return end
}

/**
 * Sets and drops top-level members in the text itself, so that every other byte (number spellings, key order,
 * white space) goes out as the caller wrote it.
 */
export function patchJson(
  text: string,
  members: readonly Member[],
  patch: { readonly set: Readonly<Record<string, unknown>>; readonly drop: readonly string[] },
): string {
  const drop = new Set(patch.drop)
  const missing = new Map(Object.entries(patch.set))
  const open = text.indexOf('{') + 1
  let out = text.slice(0, members[0]?.start ?? open)
  let previous: Member | undefined
  for (const [i, member] of members.entries()) {
    if (drop.has(member.key)) continue
    if (previous !== undefined)
      out += previous === members[i - 1] ? text.slice(previous.valueEnd, member.start) : ','
    out += text.slice(member.start, member.valueStart)
    out += Object.hasOwn(patch.set, member.key)
      ? JSON.stringify(patch.set[member.key])
      : text.slice(member.valueStart, member.valueEnd)
    missing.delete(member.key)
    previous = member
  }
  let separator = previous === undefined ? '' : ','
  for (const [key, value] of missing) {
    out += `${separator}${JSON.stringify(key)}:${JSON.stringify(value)}`
    separator = ','
  }
  return out + text.slice(members.at(-1)?.valueEnd ?? open)
}
