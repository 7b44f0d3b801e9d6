import { expect, test } from 'vitest'
import { toParameters } from '../../../src/providers/gemini/schema/index.ts'
import { rewritten, rewrittenProperty } from './support.ts'

test('[gemini-trap 81] $schema goes, additionalProperties stays', () => {
  const source = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    type: 'object',
    properties: { a: { type: 'string' } },
    additionalProperties: false,
  }
  expect(toParameters(source, 'p').schema).toEqual({
    type: 'object',
    properties: { a: { type: 'string' } },
    additionalProperties: false,
  })
})

test('[gemini-trap 82] a list of types stays one', () => {
  const source = { type: 'object', properties: { a: { type: ['string', 'null'] } }, required: ['a'] }
  expect(rewritten(source)).toBe(source)
})

test('[gemini-trap 83] a nullable object keeps its properties', () => {
  const object = {
    type: 'object',
    properties: { a: { type: 'string' } },
    required: ['a'],
    additionalProperties: false,
  }
  expect(rewrittenProperty({ ...object, nullable: true })).toEqual({ ...object, type: ['object', 'null'] })
  expect(rewrittenProperty({ ...object, type: ['object', 'null'] })).toEqual({
    ...object,
    type: ['object', 'null'],
  })
  expect(rewrittenProperty({ ...object, anyOf: [{ type: 'object' }, { type: 'null' }] })).toEqual({
    anyOf: [object, { type: 'null' }],
  })
})

test('[gemini-trap 84] what may be anything stays open', () => {
  const source = {
    type: 'object',
    properties: { a: {}, b: { description: 'd' }, c: { type: 'array', items: {} } },
  }
  expect(rewritten(source)).toBe(source)
  expect(rewrittenProperty({ default: {} })).toEqual({})
})

test('[gemini-trap 85] anyOf with null stays as it is', () => {
  const source = { anyOf: [{ type: 'string' }, { type: 'null' }], description: 'd' }
  expect(rewrittenProperty(source)).toBe(source)
})

test('[gemini-trap 86] nested empty objects are kept', () => {
  const source = {
    type: 'object',
    properties: {
      a: { type: 'object', properties: {}, additionalProperties: false },
      b: { type: 'array', items: { type: 'object' } },
    },
  }
  expect(toParameters(source, 'p').schema).toBe(source)
})

test('[gemini-trap 87] enums of numbers stay, nullable ones are split', () => {
  expect(rewrittenProperty({ type: 'integer', enum: [1, 2, 5] })).toEqual({
    type: 'integer',
    enum: [1, 2, 5],
  })
  expect(rewrittenProperty({ type: ['integer', 'null'], enum: [1, null] })).toEqual({
    anyOf: [{ type: 'integer', enum: [1] }, { type: 'null' }],
  })
  expect(rewrittenProperty({ type: 'number', enum: [1, 2] })).toEqual({ type: 'number', enum: [1, 2] })
})

test('[gemini-trap 88] a reference never has siblings', () => {
  expect(
    rewrittenProperty(
      { $ref: '#/$defs/A', description: 'd', default: 'a' },
      { A: { type: 'string', enum: ['a'] } },
    ),
  ).toEqual({ description: 'd', type: 'string', enum: ['a'] })
})

test('[gemini-trap 89] a constant is an enum of one', () => {
  expect(rewrittenProperty({ const: 'a', description: 'd' })).toEqual({
    type: 'string',
    description: 'd',
    enum: ['a'],
  })
})

test('[gemini-trap 90] a recursive tool schema ends', () => {
  const filter = {
    type: 'object',
    properties: {
      and: { type: 'array', items: { $ref: '#/$defs/Filter' } },
      not: { $ref: '#/$defs/Filter' },
      field: { type: 'string' },
    },
  }
  expect(
    toParameters(
      {
        type: 'object',
        properties: { filter: { $ref: '#/$defs/Filter' } },
        required: ['filter'],
        $defs: { Filter: filter },
      },
      'p',
    ).schema,
  ).toEqual({
    type: 'object',
    properties: { filter: { $ref: '#/$defs/Filter' } },
    required: ['filter'],
    $defs: { Filter: filter },
  })
})

test.each([91, 92])('[gemini-trap %i] one schema serves tools and responses', () => {
  const source = {
    type: 'object',
    properties: { a: { const: 1 } },
    required: ['a'],
    additionalProperties: false,
  }
  expect(toParameters(source, 'p').schema).toEqual(rewritten(source))
})

test('[gemini-trap 93] keys are never sorted', () => {
  const result = rewritten({
    type: 'object',
    properties: { z: { const: 'z' }, a: {}, m: { nullable: true, type: 'string' } },
    required: ['m', 'a'],
    propertyOrdering: ['z', 'a', 'm', 'gone'],
  })
  expect(Object.keys(result['properties'] as object)).toEqual(['z', 'a', 'm'])
  expect(result['required']).toEqual(['m', 'a'])
  expect(result['propertyOrdering']).toEqual(['z', 'a', 'm'])
})

test('[gemini-trap 94] any object is a schema that can be sent', () => {
  const source = { type: 'object' }
  expect(rewritten(source)).toBe(source)
})

test('[known-bug 24] what other gateways forward and Gemini refuses', () => {
  const result = rewritten({
    type: 'object',
    strict: true,
    properties: {
      a: { $ref: '#/$defs/A', default: 'x' },
      b: { anyOf: [{ const: 'x' }, { type: 'null' }], default: null },
      c: { type: 'string', format: 'uri', default: '' },
    },
    required: ['a', 'b', 'c'],
    additionalProperties: false,
    $defs: { A: { type: 'string', const: 'x' } },
  })
  expect(result).toEqual({
    type: 'object',
    properties: {
      a: { $ref: '#/$defs/A' },
      b: { anyOf: [{ type: 'string', enum: ['x'] }, { type: 'null' }] },
      c: { type: 'string', format: 'uri' },
    },
    required: ['a', 'b', 'c'],
    additionalProperties: false,
    $defs: { A: { type: 'string', enum: ['x'] } },
  })
})

test('[known-bug 25] [known-bug 28] references are shared, not copied, so that a schema does not grow', () => {
  const item = {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p${i}`, { type: 'string' }])),
  }
  const source = {
    type: 'object',
    properties: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`q${i}`, { $ref: '#/$defs/Item' }])),
    $defs: { Item: item },
  }
  expect(JSON.stringify(rewritten(source)).length).toBe(JSON.stringify(source).length)
})

test('[known-bug 26] [known-bug 27] a big enum is sent whole: it is not for us to loosen a schema', () => {
  const source = { type: 'string', enum: Array.from({ length: 500 }, (_, i) => `value-${i}`) }
  expect(rewrittenProperty(source)).toBe(source)
})
