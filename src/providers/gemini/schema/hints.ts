import { isRecord } from '../../../protocol/guards.ts'
import type { Schema } from './walk.ts'

/** Writes a value as JSON, short enough for a description. */
export type Show = (value: unknown) => string
type Hint = (value: unknown, record: Schema, show: Show) => string | undefined

const number =
  (before: string): Hint =>
  (value) =>
    typeof value === 'number' ? `${before} ${value}.` : undefined
const shown =
  (before: string): Hint =>
  (value, _record, show) =>
    `${before} ${show(value)}.`

/** What Gemini cannot enforce is still told to the model. */
const HINTS: ReadonlyMap<string, Hint> = new Map<string, Hint>([
  ['not', shown('Must not match')],
  ['if', conditional],
  ['dependentSchemas', shown('Further schemas if a property is present:')],
  ['dependentRequired', shown('Further required properties if a property is present:')],
  ['dependencies', shown('Further requirements if a property is present:')],
  ['patternProperties', shown('Properties by pattern of the name:')],
  ['contains', shown('Contains an item matching')],
  ['propertyNames', propertyNames],
  ['multipleOf', number('Multiple of')],
  ['uniqueItems', (value) => (value === true ? 'No two items are equal.' : undefined)],
  ['minProperties', number('Minimum number of properties:')],
  ['maxProperties', number('Maximum number of properties:')],
])

/** Sentences for the keywords that are going to be left out. */
export function hintsOf(record: Schema, show: Show): readonly string[] {
  const hints: string[] = []
  for (const [keyword, value] of Object.entries(record)) {
    const hint = value === null ? undefined : HINTS.get(keyword)?.(value, record, show)
    if (hint !== undefined) hints.push(hint)
  }
  return hints
}

/** Adds sentences to the description. */
export function withHints(record: Schema, hints: readonly string[]): Schema {
  if (hints.length === 0) return record
  const before = record['description']
  const text = typeof before === 'string' && before !== '' ? [before, ...hints] : hints
  return { ...record, description: text.join(' ') }
}

/** In words, what a union of branches says that only require properties. */
export function requirementsHint(branches: readonly unknown[]): string {
  const choices = branches.map((branch) =>
    isRecord(branch) && Array.isArray(branch['required']) ? branch['required'].map(String).join(' and ') : '',
  )
  return `Requires ${choices.join(', or ')}.`
}

function conditional(value: unknown, record: Schema, show: Show): string | undefined {
  const met = record['then'] === undefined ? undefined : `it must match ${show(record['then'])}`
  const unmet = record['else'] === undefined ? undefined : `otherwise it must match ${show(record['else'])}`
  const consequences = [met, unmet].filter((text) => text !== undefined).join(', ')
  return consequences === '' ? undefined : `If it matches ${show(value)}, ${consequences}.`
}

function propertyNames(value: unknown, _record: Schema, show: Show): string | undefined {
  const trivial = isRecord(value) && Object.keys(value).every((keyword) => keyword === 'type')
  return trivial ? undefined : `Property names match ${show(value)}.`
}
