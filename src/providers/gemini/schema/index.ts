import type { ErrorCode } from '../../../errors.ts'
import { isRecord } from '../../../protocol/guards.ts'
import { convert } from './convert.ts'
import { link } from './link.ts'
import { createReferences } from './references.ts'
import { namedTypes } from './types.ts'
import { createWalk, scan } from './walk.ts'
import type { GeminiSchema, Schema } from './walk.ts'

export type { GeminiSchema } from './walk.ts'

interface SchemaOptions {
  /** The error for a schema that cannot be rewritten. */
  readonly code?: ErrorCode
}

export interface GeminiParameters {
  /** `undefined` for a function without parameters. */
  readonly schema: GeminiSchema | undefined
  /** The schema was put under `value`, because Gemini's arguments are always an object. */
  readonly wrapped: boolean
}

/** Schemas are never written to, so a retry and the next attempt at another target need not start over. */
const converted = new WeakMap<object, GeminiSchema>()
const parameters = new WeakMap<object, GeminiParameters>()

/**
 * Rewrites a JSON Schema for `parametersJsonSchema` and `responseJsonSchema` (gemini.md 4.5, column A). The
 * source stays as it is, but may share parts with the result. Throws `GatewayError` naming `at`.
 */
export function toGeminiSchema(schema: unknown, at: string, options: SchemaOptions = {}): GeminiSchema {
  return remembered(converted, schema, () =>
    rewriteDocument(schema, at, options.code ?? 'invalid_json_schema'),
  )
}

/** Rewrites the parameters of a function. Throws `GatewayError` naming `at`. */
export function toParameters(schema: unknown, at: string, options: SchemaOptions = {}): GeminiParameters {
  if (schema === undefined || schema === null) return { schema: undefined, wrapped: false }
  return remembered(parameters, schema, () => {
    const code = options.code ?? 'invalid_function_parameters'
    const rewritten = rewriteDocument(schema, at, code)
    const narrowed = asObject(rewritten)
    if (narrowed !== undefined)
      return { schema: Object.keys(rewritten).length === 0 ? undefined : narrowed, wrapped: false }
    return { schema: rewriteDocument(schema, at, code, wrap), wrapped: true }
  })
}

/** Arguments as the model of a wrapped schema gives them → as the caller expects them. */
export function unwrapArguments(args: unknown): unknown {
  return isRecord(args) && Object.hasOwn(args, 'value') ? args['value'] : args
}

/** Arguments of an earlier call → as the model of a wrapped schema gave them. */
export function wrapArguments(args: unknown): Schema {
  return { value: args }
}

function wrap(schema: GeminiSchema): GeminiSchema {
  return { type: 'object', properties: { value: schema }, required: ['value'] }
}

/** Arguments are an object even where the schema would allow others as well. */
function asObject(schema: GeminiSchema): GeminiSchema | undefined {
  const types = namedTypes(schema['type'])
  if (types === undefined)
    return Array.isArray(schema['anyOf'] ?? schema['oneOf']) ? undefined : { type: 'object', ...schema }
  if (!types.includes('object')) return undefined
  return schema['type'] === 'object' ? schema : { ...schema, type: 'object' }
}

function rewriteDocument(
  source: unknown,
  at: string,
  code: ErrorCode,
  around?: (schema: GeminiSchema) => GeminiSchema,
): GeminiSchema {
  const walk = createWalk(code)
  if (typeof source === 'boolean') return {}
  if (!isRecord(source)) throw walk.refuse(at, 'it must be an object')
  const anchors = scan(source, walk, at)
  const references = createReferences(source, anchors, walk, around === undefined ? source : undefined)
  const conversion = { walk, references }
  const rewriteOne = (schema: Schema, path: string): GeminiSchema => {
    walk.active.clear()
    walk.active.add(schema)
    return convert(conversion, schema, { path, depth: 0 })
  }
  const root = rewriteOne(source, at)
  const definitions = new Map<string, GeminiSchema>()
  for (const [target, name] of references.requested)
    definitions.set(name, rewriteOne(target, `${at}.$defs.${name}`))
  return link(walk, around === undefined ? root : around(root), definitions, at)
}

function remembered<T>(memory: WeakMap<object, T>, schema: unknown, compute: () => T): T {
  if (typeof schema !== 'object' || schema === null) return compute()
  const known = memory.get(schema)
  if (known !== undefined) return known
  const value = compute()
  memory.set(schema, value)
  return value
}
