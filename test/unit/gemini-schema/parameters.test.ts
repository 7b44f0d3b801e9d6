import { describe, expect, test } from 'vitest'
import { toParameters, unwrapArguments, wrapArguments } from '../../../src/providers/gemini/schema/index.ts'
import { violations } from './checker.ts'
import { deepFreeze } from './support.ts'

function parameters(schema: unknown) {
  const result = toParameters(deepFreeze(schema), 'tools[0].function.parameters')
  expect(violations(result.schema ?? {})).toEqual([])
  const again = toParameters(structuredClone(result.schema), 'again')
  expect(again).toEqual({ schema: result.schema, wrapped: false })
  return result
}

describe('[gemini 4.5 top level not object (function params)]', () => {
  test.each([undefined, null, {}, true, { $schema: 'http://json-schema.org/draft-07/schema#' }])(
    '%j is no parameters',
    (schema) => {
      expect(parameters(schema)).toEqual({ schema: undefined, wrapped: false })
    },
  )
  test.each([
    [
      { type: 'object', properties: {} },
      { type: 'object', properties: {} },
    ],
    [{ properties: { a: {} } }, { type: 'object', properties: { a: {} } }],
    [{ description: 'd' }, { type: 'object', description: 'd' }],
    [
      { type: ['object', 'null'], properties: { a: {} } },
      { type: 'object', properties: { a: {} } },
    ],
    [{ type: 'object', nullable: true }, { type: 'object' }],
    [{ $ref: '#/$defs/A', $defs: { A: { type: 'object' } } }, { type: 'object' }],
  ])('%j is an object', (schema, result) => {
    expect(parameters(schema)).toEqual({ schema: result, wrapped: false })
  })
  test.each([
    [{ type: 'string' }, { type: 'string' }],
    [{ type: 'array' }, { type: 'array', items: {} }],
    [
      { anyOf: [{ type: 'object' }, { type: 'object', properties: { a: {} } }] },
      { anyOf: [{ type: 'object' }, { type: 'object', properties: { a: {} } }] },
    ],
  ])('%j is wrapped', (schema, value) => {
    expect(parameters(schema)).toEqual({
      schema: { type: 'object', properties: { value }, required: ['value'] },
      wrapped: true,
    })
  })
  test('definitions move to the top of the wrapper, and # with them', () => {
    const { schema, wrapped } = parameters({
      type: 'array',
      items: { type: 'object', properties: { a: { $ref: '#' }, b: { $ref: '#/$defs/B' } } },
      $defs: { B: { type: 'null' } },
    })
    const list = {
      type: 'array',
      items: { type: 'object', properties: { a: { $ref: '#/$defs/root' }, b: { $ref: '#/$defs/B' } } },
    }
    expect(wrapped).toBe(true)
    expect(schema).toEqual({
      type: 'object',
      properties: { value: list },
      required: ['value'],
      $defs: { root: list, B: { type: 'null' } },
    })
  })
  test('arguments are wrapped and unwrapped', () => {
    expect(unwrapArguments(wrapArguments([1]))).toEqual([1])
    expect(unwrapArguments({ value: undefined })).toBeUndefined()
    expect(unwrapArguments({ other: 1 })).toEqual({ other: 1 })
    expect(unwrapArguments(undefined)).toBeUndefined()
  })
})
