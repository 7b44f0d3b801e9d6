import { allowsType, namedTypes, typeOfValue } from './types.ts'
import type { TypeName } from './types.ts'
import { withHints } from './hints.ts'
import type { Show } from './hints.ts'
import { annotationsOf } from './vocabulary.ts'
import type { Schema } from './walk.ts'

/** Objects and lists of an enum that are told in a description. */
const MAX_SHOWN = 10

/**
 * Writes `const` and `enum` as enums of non-empty strings or of numbers. What cannot be one becomes a type
 * and words; several kinds become `anyOf`, in the order of their first values.
 */
export function rewriteEnum(record: Schema, show: Show): Schema {
  const values = enumerated(record)
  if (values === undefined) return record
  const { enum: _enum, const: _const, ...rest } = record
  if (values.length === 0) return rest
  const variants = variantsOf(values, namedTypes(record['type']), show)
  const [only, another] = variants
  if (only !== undefined && another === undefined) return single(record, rest, only)
  return { ...annotationsOf(rest), anyOf: variants }
}

function enumerated(record: Schema): readonly unknown[] | undefined {
  const values = Object.hasOwn(record, 'const') ? [record['const']] : record['enum']
  if (!Array.isArray(values)) return undefined
  const types = namedTypes(record['type'])
  const allowed = values.filter((value) => allowsType(types, typeOfValue(value)))
  return [...new Set(allowed.length === 0 ? values : allowed)]
}

/** Keeps the declared type beside an enum, for the null it may allow, and the schema itself if nothing changes. */
function single(record: Schema, rest: Schema, variant: Schema): Schema {
  const { description, type, ...values } = variant
  const before = record['enum']
  const after = values['enum']
  const kept = after !== undefined && !Object.hasOwn(record, 'const') && declares(record, type)
  const same = Array.isArray(before) && Array.isArray(after) && before.length === after.length
  if (kept && same && description === undefined) return record
  const written = kept ? { ...rest, ...values } : { type, ...rest, ...variant }
  if (typeof description !== 'string') return written
  return withHints({ ...written, description: rest['description'] }, [description])
}

function declares(record: Schema, type: unknown): boolean {
  const declared = namedTypes(record['type']) ?? []
  return declared.some((name) => name === type || (name === 'number' && type === 'integer'))
}

function variantsOf(
  values: readonly unknown[],
  declared: readonly TypeName[] | undefined,
  show: Show,
): readonly Schema[] {
  const groups = new Map<TypeName, unknown[]>()
  for (const value of values) {
    const type = typeOfValue(value)
    const kind = type === 'integer' ? 'number' : type
    const group = groups.get(kind)
    if (group === undefined) groups.set(kind, [value])
    else group.push(value)
  }
  return [...groups].map(([kind, group]) => VARIANTS[kind](group, declared, show))
}

type Variant = (values: readonly unknown[], declared: readonly TypeName[] | undefined, show: Show) => Schema

const VARIANTS: Readonly<Record<TypeName, Variant>> = {
  string: (values) => {
    const texts = values.filter((value) => value !== '')
    if (texts.length === 0) return { type: 'string', description: 'Always the empty string.' }
    return {
      type: 'string',
      enum: texts,
      ...(texts.length < values.length && { description: 'Or the empty string.' }),
    }
  },
  number: (values, declared) => {
    const integers = values.every((value) => Number.isInteger(value)) && declared?.includes('number') !== true
    return { type: integers ? 'integer' : 'number', enum: values }
  },
  integer: (values) => ({ type: 'integer', enum: values }),
  boolean: (values) => ({
    type: 'boolean',
    ...(values.length === 1 && { description: `Always ${String(values[0])}.` }),
  }),
  null: () => ({ type: 'null' }),
  object: (values, _declared, show) => ({ type: 'object', description: oneOf(values, show) }),
  array: (values, _declared, show) => ({ type: 'array', items: {}, description: oneOf(values, show) }),
}

function oneOf(values: readonly unknown[], show: Show): string {
  return values.length > MAX_SHOWN ? 'One of a few fixed values.' : `Always ${values.map(show).join(' or ')}.`
}
