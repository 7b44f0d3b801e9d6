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
  const members: Member[] = []
  let depth = 0
  let nodes = 0
  let items = 0
  let key: { start: number; end: number } | undefined
  let valueStart = -1
  const close = (end: number): void => {
    if (key !== undefined && valueStart >= 0) {
      members.push({ key: keyText(text, key.start, key.end), start: key.start, valueStart, valueEnd: trimEnd(text, valueStart, end) })
    }
    key = undefined
    valueStart = -1
  }
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE: {
        const end = endOfString(text, i)
        refuseForbiddenKey(text, i, end)
        if (depth === 1 && key === undefined) key = { start: i, end }
        i = end
        break
      }
      case BRACE_OPEN:
      case BRACKET_OPEN:
        if (++depth > MAX_DEPTH) throw new GatewayError('json_too_deep', `The JSON body nests deeper than ${MAX_DEPTH} levels.`)
        nodes++
        break
      case BRACE_CLOSE:
      case BRACKET_CLOSE:
        if (depth-- === 1) close(i)
        break
      case COLON:
        nodes++
        if (depth === 1 && valueStart < 0) valueStart = skipSpace(text, i + 1)
        break
      case COMMA:
        items++
        if (depth === 1) close(i)
        break
      default:
    }
    if (nodes > MAX_NODES || items > MAX_ITEMS) {
      throw new GatewayError('json_too_complex', 'The JSON body has too many objects, arrays or members.')
    }
  }
  return members
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
    if (previous !== undefined) out += previous === members[i - 1] ? text.slice(previous.valueEnd, member.start) : ','
    out += text.slice(member.start, member.valueStart)
    out += Object.hasOwn(patch.set, member.key) ? JSON.stringify(patch.set[member.key]) : text.slice(member.valueStart, member.valueEnd)
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
