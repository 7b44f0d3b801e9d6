import { GatewayError } from '../errors.ts'
import { isRecord } from './guards.ts'

/**
 * Reading a request nobody has checked: `ChatRequest` says what a field should be, the caller's JSON says what it
 * is. Every function here throws `GatewayError` naming the field, so that no wrong type becomes a `TypeError`.
 */
export type JsonObject = Readonly<Record<string, unknown>>

export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value)
}
/** OpenAI treats null like an absent field. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

export function invalidType(param: string, expected: string): GatewayError {
  return new GatewayError('invalid_type', `Invalid type for '${param}': expected ${expected}.`, { param })
}
export function invalidValue(param: string, message: string): GatewayError {
  return new GatewayError('invalid_value', message, { param })
}
export function missing(param: string): GatewayError {
  return new GatewayError('missing_required_parameter', `Missing required parameter: '${param}'.`, { param })
}

export function objectAt(value: unknown, param: string): JsonObject {
  if (value === undefined) throw missing(param)
  if (!isRecord(value)) throw invalidType(param, 'an object')
  return value
}
export function listAt(value: unknown, param: string): readonly unknown[] {
  if (value === undefined) throw missing(param)
  if (!isList(value)) throw invalidType(param, 'an array')
  return value
}
export function textAt(value: unknown, param: string): string {
  if (value === undefined) throw missing(param)
  if (typeof value !== 'string') throw invalidType(param, 'a string')
  return value
}
export function nonEmptyTextAt(value: unknown, param: string): string {
  const text = textAt(value, param)
  if (text === '') throw invalidValue(param, `'${param}' must not be empty.`)
  return text
}

export function numberIn(value: unknown, param: string): number | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalidType(param, 'a number')
  return value
}
export function integerIn(value: unknown, param: string): number | undefined {
  const number = numberIn(value, param)
  if (number !== undefined && !Number.isInteger(number)) throw invalidType(param, 'an integer')
  return number
}
export function flagIn(value: unknown, param: string): boolean | undefined {
  if (isAbsent(value)) return undefined
  if (typeof value !== 'boolean') throw invalidType(param, 'a boolean')
  return value
}
export function textIn(value: unknown, param: string): string | undefined {
  return isAbsent(value) ? undefined : textAt(value, param)
}
export function objectIn(value: unknown, param: string): JsonObject | undefined {
  return isAbsent(value) ? undefined : objectAt(value, param)
}
export function listIn(value: unknown, param: string): readonly unknown[] | undefined {
  return isAbsent(value) ? undefined : listAt(value, param)
}
