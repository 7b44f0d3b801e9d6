import { GatewayError } from '../errors.ts'
import type { ByteList } from './byte-list.ts'

/** One part of a form, as places in the bytes it came in. */
export interface FormPart {
  /** As written: `languages[]`, `chunking_strategy[type]`. */
  readonly name: string
  /** Set for a file, whatever its client calls it. */
  readonly filename: string | undefined
  /** Where its delimiter begins. */
  readonly start: number
  readonly contentStart: number
  readonly contentEnd: number
}
export interface Form {
  readonly bytes: ByteList
  readonly boundary: string
  readonly parts: readonly FormPart[]
  /** Where the closing delimiter begins. */
  readonly end: number
}

/** Of the parts that a form may have. */
type Names = Pick<ReadonlySet<string>, 'has'>

/** RFC 2046 5.1.1, and no more than that. */
const BOUNDARY =
  /^multipart\/form-data *;(?:.*;)? *boundary=(?:"([\w'()+,./:=? -]{0,69}[\w'()+,./:=?-])"|([\w'()+./:=?-]{1,70})) *(?:;|$)/i
const MAX_TYPE_CHARS = 512
const MAX_PARTS = 16
const MAX_FILES = 1
/** Of one part: its name, file name and type. */
const MAX_HEADER_BYTES = 2_048

const encoder = new TextEncoder()
const LINE = encoder.encode('\r\n')
const BLANK = encoder.encode('\r\n\r\n')
const DASHES = encoder.encode('--')

/** The boundary that a form's content type names; undefined if it is no form's. Throws for an impossible one. */
export function boundaryOf(contentType: string): string | undefined {
  if (!/^multipart\/form-data *(?:;|$)/i.test(contentType)) return undefined
  const [, quoted, token] = contentType.length > MAX_TYPE_CHARS ? [] : (BOUNDARY.exec(contentType) ?? [])
  const boundary = quoted ?? token
  if (boundary === undefined) throw invalid('its boundary is missing or malformed')
  return boundary
}

/**
 * Finds the parts of a form where they lie. Throws 400 `invalid_multipart` for a form that is cut short, has more
 * parts, files or headers than any of ours needs, or a part whose name is not among `names`.
 */
export function scanForm(bytes: ByteList, boundary: string, names: Names): Form {
  const delimiter = encoder.encode(`\r\n--${boundary}`)
  // The first delimiter has no line end before it.
  if (!bytes.matches(delimiter.subarray(2), 0)) throw invalid('it does not begin with its boundary')
  const parts: FormPart[] = []
  let start = 0
  let at = delimiter.byteLength - 2
  while (!bytes.matches(DASHES, at)) {
    if (!bytes.matches(LINE, at)) throw invalid('a boundary is malformed')
    const part = readPart(bytes, { start, at, delimiter, names })
    parts.push(part)
    if (parts.length > MAX_PARTS) throw invalid(`it has more than ${MAX_PARTS} parts`)
    start = part.contentEnd
    at = part.contentEnd + delimiter.byteLength
  }
  if (parts.filter(({ filename }) => filename !== undefined).length > MAX_FILES)
    throw invalid('it has more than one file')
  refuseRepeats(parts)
  return { bytes, boundary, parts, end: start }
}

/**
 * A field is there once, unless its name says that it is a list: of two readers one may take the first and the other
 * the last.
 */
function refuseRepeats(parts: readonly FormPart[]): void {
  const seen = new Set<string>()
  for (const { name } of parts) {
    const base = name.replace(/\[.*/, '')
    const bracketed = name !== base
    if (seen.has(base) || (bracketed ? seen.has(name) : seen.has(`${base}[`)))
      throw invalid(`'${name}' stands in it more than once`)
    if (!name.endsWith('[]')) seen.add(name)
    if (bracketed) seen.add(`${base}[`)
  }
}

function readPart(
  bytes: ByteList,
  {
    start,
    at,
    delimiter,
    names,
  }: {
    readonly start: number
    readonly at: number
    readonly delimiter: Uint8Array
    readonly names: Names
  },
): FormPart {
  const blank = bytes.indexOf(BLANK, at, at + MAX_HEADER_BYTES)
  if (blank < 0) throw invalid('the headers of a part do not end')
  const contentStart = blank + BLANK.byteLength
  const contentEnd = bytes.indexOf(delimiter, contentStart)
  if (contentEnd < 0) throw invalid('it ends before its last boundary')
  const headers = new TextDecoder().decode(bytes.slice(at + LINE.byteLength, blank))
  return { ...disposition(headers, names), start, contentStart, contentEnd }
}

/** A value in quotes, in which browsers and clients write a quote as `%22` or `\"`. */
const NAME = /; *name="((?:[^"\\\r\n]|\\.)*)"/i
const FILENAME = /; *filename="((?:[^"\\\r\n]|\\.)*)"/i

function disposition(headers: string, names: Names): Pick<FormPart, 'name' | 'filename'> {
  const line = headers.split('\r\n').find((each) => /^content-disposition *: *form-data *;/i.test(each))
  const name = line === undefined ? undefined : NAME.exec(line)?.[1]
  if (line === undefined || name === undefined) throw invalid('a part has no name')
  const base = /^([a-z_]+)(?:\[[a-z_]*\])?$/.exec(name)?.[1]
  if (base === undefined || !names.has(base)) {
    const shown = name.replaceAll(/[^\w[\]-]/g, '?').slice(0, 64)
    throw new GatewayError('unknown_parameter', `Unknown parameter: '${shown}'.`, { param: shown })
  }
  return { name, filename: FILENAME.exec(line)?.[1] }
}

const invalid = (why: string): GatewayError =>
  new GatewayError('invalid_multipart', `The multipart form is invalid: ${why}.`)
