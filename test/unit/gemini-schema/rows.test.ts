import { describe, expect, test } from 'vitest'
import { toGeminiSchema } from '../../../src/providers/gemini/schema/index.ts'
import { rewritten, rewrittenProperty } from './support.ts'

/** A row of gemini.md 4.5: source construct, what comes in, what goes out. */
type Row = readonly [row: string, source: unknown, result: unknown]

const ROWS: readonly Row[] = [
  [
    '$schema, $comment, examples, default',
    { $schema: 's', $comment: 'c', examples: [1], default: 1, type: 'integer' },
    { type: 'integer' },
  ],
  [
    'additionalProperties:false',
    { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false },
    undefined,
  ],
  [
    'additionalProperties:<schema> (maps)',
    { type: 'object', additionalProperties: { type: 'number' } },
    undefined,
  ],
  ['const: "a" / number', { const: 'a' }, { type: 'string', enum: ['a'] }],
  ['const: "a" / number', { type: 'string', const: 'a' }, { type: 'string', enum: ['a'] }],
  ['const: "a" / number', { const: 3, description: 'd' }, { type: 'integer', description: 'd', enum: [3] }],
  ['const: "a" / number', { const: 1.5 }, { type: 'number', enum: [1.5] }],
  ['const: true/false/null', { const: true }, { type: 'boolean', description: 'Always true.' }],
  [
    'const: true/false/null',
    { type: 'boolean', const: false, description: 'Off' },
    { type: 'boolean', description: 'Off Always false.' },
  ],
  ['const: true/false/null', { const: null }, { type: 'null' }],
  ['const: true/false/null', { type: ['string', 'null'], const: null }, { type: 'null' }],
  ['enum of strings', { type: 'string', enum: ['a', 'b'] }, undefined],
  ['enum of numbers', { type: 'integer', enum: [1, 2] }, undefined],
  ['enum of numbers', { type: 'number', enum: [1, 2.5] }, undefined],
  [
    'enum with null / mixed',
    { type: ['string', 'null'], enum: ['a', null] },
    { anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }] },
  ],
  [
    'enum with null / mixed',
    { enum: ['a', 1], title: 'T' },
    {
      title: 'T',
      anyOf: [
        { type: 'string', enum: ['a'] },
        { type: 'integer', enum: [1] },
      ],
    },
  ],
  [
    'enum with null / mixed',
    { type: 'string', enum: ['a', null], nullable: true },
    { anyOf: [{ type: 'string', enum: ['a'] }, { type: 'null' }] },
  ],
  ['enum with null / mixed', { enum: [true, false] }, { type: 'boolean' }],
  ['enum with null / mixed', { enum: [{ a: 1 }] }, { type: 'object', description: 'Always {"a":1}.' }],
  [
    'enum:[""] or empty strings',
    { type: 'string', enum: [''] },
    { type: 'string', description: 'Always the empty string.' },
  ],
  [
    'enum:[""] or empty strings',
    { type: 'string', enum: ['', 'a'] },
    { type: 'string', enum: ['a'], description: 'Or the empty string.' },
  ],
  ['type:["string","null"]', { type: ['string', 'null'] }, undefined],
  ['type:["string","number"]', { type: ['string', 'number'], description: 'd' }, undefined],
  ['type:["string"]', { type: ['string'] }, { type: 'string' }],
  ['nullable:true (OpenAPI)', { type: 'string', nullable: true }, { type: ['string', 'null'] }],
  ['nullable:true (OpenAPI)', { type: 'string', nullable: false }, { type: 'string' }],
  [
    'nullable:true (OpenAPI)',
    { anyOf: [{ type: 'string' }, { type: 'number' }], nullable: true },
    { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'null' }] },
  ],
  [
    'anyOf:[X,{type:null}]',
    { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'T', description: 'd' },
    undefined,
  ],
  [
    'anyOf with siblings',
    {
      type: 'object',
      description: 'd',
      properties: { k: { type: 'string' } },
      required: ['k'],
      anyOf: [{ properties: { a: {} } }, { properties: { b: {} }, required: ['b'] }],
    },
    {
      description: 'd',
      anyOf: [
        { type: 'object', properties: { k: { type: 'string' }, a: {} }, required: ['k'] },
        { type: 'object', properties: { k: { type: 'string' }, b: {} }, required: ['k', 'b'] },
      ],
    },
  ],
  [
    'anyOf with siblings',
    { type: ['object', 'null'], properties: { k: {} }, anyOf: [{ required: ['k'] }, { type: 'null' }] },
    { anyOf: [{ type: ['object', 'null'], properties: { k: {} }, required: ['k'] }, { type: 'null' }] },
  ],
  [
    'anyOf with siblings',
    {
      type: 'object',
      properties: { a: {}, b: {}, c: {} },
      anyOf: [{ required: ['a'] }, { required: ['b', 'c'] }],
    },
    { type: 'object', properties: { a: {}, b: {}, c: {} }, description: 'Requires a, or b and c.' },
  ],
  ['oneOf', { oneOf: [{ type: 'string' }, { type: 'integer' }] }, undefined],
  [
    'oneOf',
    {
      type: 'string',
      oneOf: [
        { const: 'a', description: 'A' },
        { const: 'b', title: 'B' },
      ],
    },
    {
      oneOf: [
        { type: 'string', description: 'A', enum: ['a'] },
        { type: 'string', title: 'B', enum: ['b'] },
      ],
    },
  ],
  [
    'oneOf',
    {
      type: 'object',
      anyOf: [{ properties: { a: {} } }],
      oneOf: [{ properties: { b: {} } }, { properties: { c: {} } }],
    },
    {
      anyOf: [
        {
          oneOf: [
            { type: 'object', properties: { a: {}, b: {} } },
            { type: 'object', properties: { a: {}, c: {} } },
          ],
        },
      ],
    },
  ],
  ['allOf', { allOf: [{ type: 'string' }] }, { type: 'string' }],
  [
    'allOf',
    {
      description: 'o',
      allOf: [
        { type: 'object', properties: { a: { minimum: 1, type: 'integer' } }, required: ['a'] },
        {
          properties: { a: { minimum: 2, description: 'n' }, b: {} },
          required: ['b', 'a'],
          description: 'i',
        },
      ],
    },
    {
      description: 'o',
      type: 'object',
      properties: { a: { minimum: 2, type: 'integer', description: 'n' }, b: {} },
      required: ['a', 'b'],
    },
  ],
  [
    'allOf',
    { allOf: [{ type: ['string', 'null'], enum: ['a', 'b', null] }, { enum: ['b', 'c'] }] },
    { type: ['string', 'null'], enum: ['b'] },
  ],
  [
    'not, if/then/else, dependentSchemas, patternProperties',
    { type: 'string', not: { enum: ['x'] } },
    { type: 'string', description: 'Must not match {"enum":["x"]}.' },
  ],
  [
    'not, if/then/else, dependentSchemas, patternProperties',
    {
      type: 'object',
      description: 'd',
      if: { required: ['a'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { required: ['b'] },
      else: { required: ['c'] },
    },
    {
      type: 'object',
      description:
        'd If it matches {"required":["a"]}, it must match {"required":["b"]}, otherwise it must match {"required":["c"]}.',
    },
  ],
  [
    'not, if/then/else, dependentSchemas, patternProperties',
    { type: 'object', dependentSchemas: { a: { required: ['b'] } } },
    { type: 'object', description: 'Further schemas if a property is present: {"a":{"required":["b"]}}.' },
  ],
  [
    'not, if/then/else, dependentSchemas, patternProperties',
    { type: 'object', patternProperties: { '^.*$': { type: 'number' } }, additionalProperties: false },
    {
      type: 'object',
      description: 'Properties by pattern of the name: {"^.*$":{"type":"number"}}.',
      additionalProperties: { type: 'number' },
    },
  ],
  [
    'exclusiveMinimum/Maximum',
    { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 },
    { type: 'integer', minimum: 1, maximum: 9 },
  ],
  [
    'exclusiveMinimum/Maximum',
    { type: 'integer', exclusiveMinimum: 0.5, minimum: 5 },
    { type: 'integer', minimum: 5 },
  ],
  [
    'exclusiveMinimum/Maximum',
    { type: 'integer', exclusiveMinimum: true, minimum: 5 },
    { type: 'integer', minimum: 6 },
  ],
  [
    'exclusiveMinimum/Maximum',
    { type: 'number', exclusiveMinimum: 0 },
    { type: 'number', description: 'Greater than 0.' },
  ],
  ['format unknown', { type: 'string', format: 'email' }, undefined],
  ['minLength/maxLength/pattern', { type: 'string', minLength: 1, maxLength: 9, pattern: '^a' }, undefined],
  ['array without items', { type: 'array' }, { type: 'array', items: {} }],
  [
    'array without items',
    { type: ['array', 'null'], maxItems: 2 },
    { type: ['array', 'null'], maxItems: 2, items: {} },
  ],
  [
    'tuple items:[…]',
    { type: 'array', items: [{ type: 'string' }, { type: 'number' }] },
    { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
  ],
  [
    'tuple items:[…]',
    { items: [{ type: 'string' }], additionalItems: false },
    { type: 'array', prefixItems: [{ type: 'string' }], maxItems: 1 },
  ],
  [
    'tuple items:[…]',
    { type: 'array', items: [{ type: 'string' }], additionalItems: { type: 'null' } },
    { type: 'array', prefixItems: [{ type: 'string' }], items: { type: 'null' } },
  ],
  [
    'tuple items:[…]',
    { type: 'array', prefixItems: [{ type: 'string' }], items: false, minItems: 1 },
    { type: 'array', minItems: 1, prefixItems: [{ type: 'string' }], maxItems: 1 },
  ],
  ['object without properties', { type: 'object' }, undefined],
  ['object without properties', { type: 'object', properties: {} }, undefined],
  ['object without properties', { type: 'object', properties: [] }, { type: 'object', properties: {} }],
  ['boolean schema true/{}', true, {}],
  ['boolean schema true/{}', {}, undefined],
  ['boolean schema true/{}', { type: 'array', items: true }, { type: 'array', items: {} }],
  [
    'boolean schema false',
    { type: 'object', properties: { a: false, b: {} }, required: ['a', 'b'] },
    { type: 'object', properties: { b: {} }, required: ['b'] },
  ],
  ['boolean schema false', { anyOf: [false, { type: 'string' }] }, { anyOf: [{ type: 'string' }] }],
  ['boolean schema false', { type: 'array', items: false }, { type: 'array', items: {}, maxItems: 0 }],
  [
    'missing type with properties/items/enum',
    { properties: { a: {} } },
    { type: 'object', properties: { a: {} } },
  ],
  ['missing type with properties/items/enum', { items: {} }, { type: 'array', items: {} }],
  ['missing type with properties/items/enum', { enum: ['a'] }, { type: 'string', enum: ['a'] }],
  ['missing type with properties/items/enum', { type: 'any', description: 'd' }, { description: 'd' }],
  ['missing type with properties/items/enum', { type: 'STRING' }, { type: 'string' }],
  [
    'required naming unknown props',
    { type: 'object', properties: { a: {} }, required: ['a', 'b', 'a'] },
    { type: 'object', properties: { a: {} }, required: ['a'] },
  ],
  [
    'required naming unknown props',
    { type: 'object', properties: { a: {} }, required: ['toString'] },
    { type: 'object', properties: { a: {} } },
  ],
  ['required naming unknown props', { type: 'object', required: ['a'] }, { type: 'object' }],
  [
    'unlisted keywords',
    { type: 'number', multipleOf: 5, 'x-order': 1, readOnly: true },
    { type: 'number', description: 'Multiple of 5.' },
  ],
  [
    'unlisted keywords',
    { type: 'array', items: {}, uniqueItems: true },
    { type: 'array', items: {}, description: 'No two items are equal.' },
  ],
  [
    'unlisted keywords',
    { type: 'object', propertyNames: { type: 'string' }, additionalProperties: {} },
    { type: 'object', additionalProperties: {} },
  ],
  [
    'unlisted keywords',
    { type: 'string', description: null, format: null, enum: null, properties: null },
    { type: 'string' },
  ],
]

describe('rows', () => {
  test.each(ROWS)('[gemini 4.5 %s] %j', (_row, source, result) => {
    const property = rewrittenProperty(source)
    expect(property).toEqual(result ?? source)
    expect(property === source).toBe(result === undefined)
  })
})

test('[gemini 4.5 top level array (response schema)] is allowed', () => {
  const schema = { type: 'array', items: { type: 'string' } }
  expect(rewritten(schema)).toBe(schema)
})

test('[gemini 4.5 property named type, $ref, properties…] survives, whatever it is called', () => {
  const names = [
    'type',
    '$ref',
    'properties',
    'default',
    'const',
    'enum',
    '$defs',
    'definitions',
    'items',
    'anyOf',
    'allOf',
    'not',
    'required',
    'nullable',
    '$schema',
    'examples',
    '$anchor',
    'constructor',
    'toString',
    '__proto__',
    '1',
  ]
  const source: unknown = JSON.parse(
    `{"type":"object","properties":{${names.map((name) => `${JSON.stringify(name)}:{"const":"x","default":"x"}`).join()}},"required":${JSON.stringify(names)}}`,
  )
  const result = rewritten(source)
  expect(Object.keys(result['properties'] as object).sort()).toEqual([...names].sort())
  expect(result['required']).toEqual(names)
  for (const schema of Object.values(result['properties'] as object))
    expect(schema).toEqual({ type: 'string', enum: ['x'] })
  expect(Object.getPrototypeOf(result['properties'])).toBe(Object.prototype)
})

test('[gemini 4.5 property named type, $ref, properties…] in instance data is no keyword either', () => {
  const source = {
    type: 'object',
    properties: { a: { type: 'string', enum: ['$ref', 'type'] } },
    default: { $ref: 'nowhere' },
    examples: [{ $ref: 'http://x' }],
  }
  expect(rewritten(source)).toEqual({
    type: 'object',
    properties: { a: { type: 'string', enum: ['$ref', 'type'] } },
  })
})

test('keeps an unchanged schema, and unchanged parts of a changed one, as they are', () => {
  const kept = {
    type: 'object',
    properties: { b: { type: 'string' }, a: { type: ['integer', 'null'], minimum: 0 } },
    required: ['b', 'a'],
    additionalProperties: false,
  }
  expect(rewritten(kept)).toBe(kept)
  const result = rewritten({ type: 'object', properties: { kept, gone: { const: 1 } } })
  expect((result['properties'] as { kept: unknown }).kept).toBe(kept)
})

test('remembers a schema by identity', () => {
  const schema = { const: 'a' }
  expect(toGeminiSchema(schema, 'a')).toBe(toGeminiSchema(schema, 'b'))
})
