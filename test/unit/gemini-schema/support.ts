import { expect } from 'vitest'
import { toGeminiSchema } from '../../../src/providers/gemini/schema/index.ts'
import { violations } from './checker.ts'

export type Json = Record<string, unknown>

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}

/** Rewrites and holds the result against everything that is true of every result. */
export function rewritten(schema: unknown): Json {
  const before = JSON.stringify(schema)
  const result = toGeminiSchema(deepFreeze(schema), 'schema')
  expect(JSON.stringify(schema)).toBe(before)
  expect(violations(result)).toEqual([])
  expect(JSON.stringify(toGeminiSchema(structuredClone(result), 'schema'))).toBe(JSON.stringify(result))
  return result
}

/** Rewrites one property, so that the schema under test is never the document itself. */
export function rewrittenProperty(schema: unknown, definitions?: Json): unknown {
  const document = { type: 'object', properties: { it: schema }, ...(definitions && { $defs: definitions }) }
  return (rewritten(document)['properties'] as Json)['it']
}
