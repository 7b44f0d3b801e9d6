import { isObject } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { badRequest } from './errors.ts'
import { ENUMS, MESSAGES } from './wire.ts'
import type { Enum } from './wire.ts'

const PACKAGE = 'type.googleapis.com/google.ai.generativelanguage.v1beta'

interface Violation {
  field: string
  description: string
}

/** Reads proto-JSON as Google does: either spelling in, camelCase out, and a 400 that lists every field at fault. */
export function readPayload(json: Json, message: string): JsonObject {
  const violations: Violation[] = []
  const read = readValue(json, message, '', violations)
  if (violations.length > 0) throw badRequest(violations)
  return isObject(read) ? read : {}
}

function readValue(value: Json, spec: string, path: string, out: Violation[]): Json {
  if (spec.endsWith('[]')) return readList(value, spec.slice(0, -2), path, out)
  const inMap = /^map<(.+)>$/.exec(spec)?.[1]
  if (inMap !== undefined) return readMap(value, inMap, path, out)
  const scalar = SCALARS[spec]
  if (scalar !== undefined) return scalar(value, path, out)
  const known = ENUMS[spec]
  if (known !== undefined) return readEnum(value, known) ?? wrong(value, `${PACKAGE}.${spec}`, path, out)
  return readMessage(value, spec, path, out)
}

/** Google takes a single value for a list of one; the documentation's own examples do that. */
function readList(value: Json, spec: string, path: string, out: Violation[]): Json[] {
  const list = Array.isArray(value) ? value : [value]
  return list.map((item, index) => readValue(item, spec, `${path}[${index}]`, out))
}

/** In a path, the members of a map are a list of key and value. */
function readMap(value: Json, spec: string, path: string, out: Violation[]): Json {
  if (!isObject(value)) return wrong(value, 'map', path, out)
  const read: JsonObject = {}
  Object.entries(value).forEach(([key, member], index) => {
    read[key] = readValue(member ?? null, spec, `${path}[${index}].value`, out)
  })
  return read
}

function readMessage(value: Json, message: string, path: string, out: Violation[]): Json {
  if (!isObject(value)) return wrong(value, `${PACKAGE}.${message}`, path, out)
  const fields = MESSAGES[message] ?? {}
  const read: JsonObject = {}
  for (const [name, member] of Object.entries(value)) {
    const field = camel(name)
    const spec = fields[field]
    const here = path === '' ? snake(field) : `${path}.${snake(field)}`
    // Null is "not given", gemini.md 1.1 (proto3-JSON); an unknown name is refused all the same.
    if (spec === undefined || !(name === field || name === snake(field))) unknown(name, path, out)
    else if (field in read) twice(name, path, out)
    else if (member !== null && member !== undefined)
      read[field] = readField(member, spec, { name, here, path, out })
  }
  return read
}

interface Place {
  name: string
  here: string
  path: string
  out: Violation[]
}

function readField(value: Json, spec: string, { name, here, path, out }: Place): Json {
  const takesList = spec.endsWith('[]') || spec === 'value'
  if (!Array.isArray(value) || takesList) return readValue(value, spec, here, out)
  add(out, path, `Unknown name "${name}"${at(path)}: Proto field is not repeating, cannot start list.`)
  return null
}

function add(out: Violation[], field: string, text: string): void {
  out.push({ field, description: `Invalid JSON payload received. ${text}` })
}

function at(path: string): string {
  return path === '' ? '' : ` at '${path}'`
}

function unknown(name: string, path: string, out: Violation[]): void {
  add(out, path, `Unknown name "${name}"${at(path)}: Cannot find field.`)
}

function twice(name: string, path: string, out: Violation[]): void {
  add(out, path, `Unknown name "${name}"${at(path)}: Proto field is not repeating, it was already set.`)
}

function wrong(value: Json, type: string, path: string, out: Violation[]): null {
  out.push({ field: path, description: `Invalid value at '${path}' (${type}), ${JSON.stringify(value)}` })
  return null
}

/** Undefined for a value the enum lacks. */
function readEnum(value: Json, { values, anyCase }: Enum): string | undefined {
  const asked = typeof value === 'string' && anyCase === true ? value.toUpperCase() : value
  return typeof asked === 'string' && values.includes(asked) ? asked : undefined
}

type Scalar = (value: Json, path: string, out: Violation[]) => Json

function number(type: string, least: number, most: number, whole: boolean): Scalar {
  return (value, path, out) => {
    // proto3-JSON also takes numbers written as text.
    const read = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    const fits =
      typeof read === 'number' && read >= least && read <= most && (!whole || Number.isInteger(read))
    return fits ? read : wrong(value, type, path, out)
  }
}

const SCALARS: Record<string, Scalar> = {
  string: (value, path, out) => (typeof value === 'string' ? value : wrong(value, 'TYPE_STRING', path, out)),
  bool: (value, path, out) => (typeof value === 'boolean' ? value : wrong(value, 'TYPE_BOOL', path, out)),
  int32: number('TYPE_INT32', -(2 ** 31), 2 ** 31 - 1, true),
  int64: number('TYPE_INT64', -(2 ** 63), 2 ** 63, true),
  float: number('TYPE_FLOAT', -3.5e38, 3.5e38, false),
  double: number('TYPE_DOUBLE', -Infinity, Infinity, false),
  value: (value) => value,
  struct: (value, path, out) =>
    isObject(value) ? value : wrong(value, 'type.googleapis.com/google.protobuf.Struct', path, out),
  bytes: (value, path, out) => {
    if (typeof value === 'string' && isBase64(value)) return value
    const text = typeof value === 'string' ? value.slice(0, 64) : JSON.stringify(value)
    out.push({
      field: path,
      description: `Invalid value at '${path}' (TYPE_BYTES), Base64 decoding failed for "${text}"`,
    })
    return null
  },
}

/** Either alphabet, padded or not (gemini.md 2.3); no white space, no data: prefix. */
function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.replaceAll('=', '').length % 4 !== 1
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
