import { describe, expect, test } from 'vitest'
import { toParameters } from '../../../src/providers/gemini/schema/index.ts'
import { violations } from './checker.ts'
import { deepFreeze, rewritten } from './support.ts'

describe('pydantic 2', () => {
  const address = {
    properties: {
      street: { title: 'Street', type: 'string' },
      zip: { anyOf: [{ type: 'string' }, { type: 'null' }], default: null, title: 'Zip' },
      kind: { const: 'address', default: 'address', title: 'Kind', type: 'string' },
    },
    required: ['street'],
    title: 'Address',
    type: 'object',
  }
  const source = {
    $defs: {
      Address: address,
      Color: { enum: ['red', 'green'], title: 'Color', type: 'string' },
      Level: { enum: [1, 2, 3], title: 'Level', type: 'integer' },
    },
    description: 'A person.',
    properties: {
      name: { description: 'Full name', maxLength: 50, minLength: 1, title: 'Name', type: 'string' },
      age: { exclusiveMinimum: 0, title: 'Age', type: 'integer' },
      home: { $ref: '#/$defs/Address', description: 'Where they live' },
      work: { anyOf: [{ $ref: '#/$defs/Address' }, { type: 'null' }], default: null },
      color: { $ref: '#/$defs/Color', default: 'red' },
      level: { $ref: '#/$defs/Level' },
      point: {
        maxItems: 2,
        minItems: 2,
        prefixItems: [{ type: 'number' }, { type: 'number' }],
        title: 'Point',
        type: 'array',
      },
      tags: { default: [], items: { type: 'string' }, title: 'Tags', type: 'array', uniqueItems: true },
      scores: { additionalProperties: { type: 'number' }, title: 'Scores', type: 'object' },
      born: { format: 'date', title: 'Born', type: 'string' },
      anything: { title: 'Anything' },
    },
    required: ['name', 'age', 'home', 'level', 'point'],
    title: 'Person',
    type: 'object',
  }
  test('[known-bug 24] a model with nested models, optionals, literals and enums', () => {
    const kind = { enum: ['address'], title: 'Kind', type: 'string' }
    const Address = {
      ...address,
      properties: {
        street: address.properties.street,
        zip: { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'Zip' },
        kind,
      },
    }
    expect(rewritten(source)).toEqual({
      description: 'A person.',
      properties: {
        name: source.properties.name,
        age: { minimum: 1, title: 'Age', type: 'integer' },
        home: { ...Address, description: 'Where they live' },
        work: { anyOf: [{ $ref: '#/$defs/Address' }, { type: 'null' }] },
        color: { $ref: '#/$defs/Color' },
        level: { $ref: '#/$defs/Level' },
        point: source.properties.point,
        tags: {
          items: { type: 'string' },
          title: 'Tags',
          type: 'array',
          description: 'No two items are equal.',
        },
        scores: source.properties.scores,
        born: source.properties.born,
        anything: source.properties.anything,
      },
      required: source.required,
      title: 'Person',
      type: 'object',
      $defs: { Address, Color: source.$defs.Color, Level: source.$defs.Level },
    })
  })
  test('[gemini-trap 93] properties keep their order, whatever happens to them', () => {
    expect(Object.keys(rewritten(source)['properties'] as object)).toEqual(Object.keys(source.properties))
  })
  test('a discriminated union', () => {
    const animal = (kind: string) => ({
      properties: { kind: { const: kind, title: 'Kind', type: 'string' } },
      required: ['kind'],
      title: kind,
      type: 'object',
    })
    const result = rewritten({
      $defs: { Cat: animal('cat'), Dog: animal('dog') },
      properties: {
        pet: {
          discriminator: { mapping: { cat: '#/$defs/Cat', dog: '#/$defs/Dog' }, propertyName: 'kind' },
          oneOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }],
          title: 'Pet',
        },
      },
      required: ['pet'],
      title: 'Owner',
      type: 'object',
    })
    expect(result['properties']).toEqual({
      pet: { oneOf: [{ $ref: '#/$defs/Cat' }, { $ref: '#/$defs/Dog' }], title: 'Pet' },
    })
  })
  test('version 1: definitions, and allOf around a reference', () => {
    const result = rewritten({
      title: 'Order',
      type: 'object',
      properties: {
        item: { title: 'Item', description: 'What', allOf: [{ $ref: '#/definitions/Item' }] },
        more: { $ref: '#/definitions/Item' },
      },
      required: ['item'],
      definitions: {
        Item: {
          title: 'Item',
          type: 'object',
          properties: { sku: { title: 'Sku', type: 'string' } },
          required: ['sku'],
        },
      },
    })
    expect(result['properties']).toEqual({
      item: {
        title: 'Item',
        description: 'What',
        type: 'object',
        properties: { sku: { title: 'Sku', type: 'string' } },
        required: ['sku'],
      },
      more: { $ref: '#/$defs/Item' },
    })
  })
  test('generic models have brackets in their names', () => {
    const result = rewritten({
      $defs: {
        'Page[int]': { type: 'object', properties: { items: { type: 'array', items: { type: 'integer' } } } },
      },
      type: 'object',
      properties: { page: { $ref: '#/$defs/Page%5Bint%5D' } },
    })
    expect(result['properties']).toEqual({ page: { $ref: '#/$defs/Page_int_' } })
  })
})

describe('zod', () => {
  test('4: literals, tuples, records, defaults, integers', () => {
    const source = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: {
        kind: { type: 'string', const: 'a' },
        on: { type: 'boolean', const: true },
        pair: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
        map: { type: 'object', propertyNames: { type: 'string' }, additionalProperties: { type: 'number' } },
        count: { default: 1, type: 'integer', exclusiveMinimum: 0, maximum: 9007199254740991 },
        mixed: { enum: ['a', 1] },
        mail: { type: 'string', format: 'email', pattern: '^.+@.+$' },
        maybe: { anyOf: [{ type: 'object', properties: {}, additionalProperties: false }, { type: 'null' }] },
        both: {
          allOf: [
            { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
            { type: 'object', properties: { b: { type: 'string' } }, required: ['b'] },
          ],
        },
      },
      required: ['kind', 'on', 'pair'],
      additionalProperties: false,
    }
    expect(rewritten(source)['properties']).toEqual({
      kind: { type: 'string', enum: ['a'] },
      on: { type: 'boolean', description: 'Always true.' },
      pair: source.properties.pair,
      map: { type: 'object', additionalProperties: { type: 'number' } },
      count: { type: 'integer', minimum: 1, maximum: 9007199254740991 },
      mixed: {
        anyOf: [
          { type: 'string', enum: ['a'] },
          { type: 'integer', enum: [1] },
        ],
      },
      mail: source.properties.mail,
      maybe: source.properties.maybe,
      both: {
        type: 'object',
        properties: { a: { type: 'string' }, b: { type: 'string' } },
        required: ['a', 'b'],
      },
    })
  })
  test('3: references into the middle of the schema', () => {
    const result = rewritten({
      type: 'object',
      properties: {
        from: {
          type: 'object',
          properties: { at: { type: 'string', format: 'date-time' } },
          required: ['at'],
        },
        to: { $ref: '#/properties/from' },
        until: { $ref: '#/properties/from/properties/at', description: 'End' },
      },
      $schema: 'http://json-schema.org/draft-07/schema#',
    })
    const from = {
      type: 'object',
      properties: { at: { type: 'string', format: 'date-time' } },
      required: ['at'],
    }
    expect(result).toEqual({
      type: 'object',
      properties: {
        from,
        to: { $ref: '#/$defs/from' },
        until: { type: 'string', format: 'date-time', description: 'End' },
      },
      $defs: { from },
    })
  })
})

describe("OpenAI's strict mode", () => {
  test('[known-bug 29] the linked list of its own documentation', () => {
    const source = {
      type: 'object',
      properties: { linked_list: { $ref: '#/$defs/linked_list_node' } },
      $defs: {
        linked_list_node: {
          type: 'object',
          properties: {
            value: { type: 'number' },
            next: { anyOf: [{ $ref: '#/$defs/linked_list_node' }, { type: 'null' }] },
          },
          additionalProperties: false,
          required: ['next', 'value'],
        },
      },
      additionalProperties: false,
      required: ['linked_list'],
    }
    expect(Object.keys(rewritten(source)['$defs'] as object)).toEqual([
      'linked_list_node',
      'linked_list_node_2',
      'linked_list_node_3',
      'linked_list_node_4',
    ])
  })
  test('[known-bug 29] the recursive user interface of its own documentation', () => {
    const source = {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['div', 'button'] },
        label: { type: 'string' },
        children: { type: 'array', items: { $ref: '#' } },
        attributes: { type: 'array', items: { $ref: '#/$defs/attribute' } },
      },
      required: ['type', 'label', 'children', 'attributes'],
      additionalProperties: false,
      $defs: {
        attribute: {
          type: 'object',
          properties: { name: { type: 'string' }, value: { type: 'string' } },
          required: ['name', 'value'],
          additionalProperties: false,
        },
      },
    }
    const result = rewritten(source)
    expect(Object.keys(result['$defs'] as object)).toEqual(['root_2', 'attribute', 'root_3', 'root_4'])
  })
})

describe('tools of MCP servers', () => {
  test.each<[string, unknown, unknown]>([
    [
      'no arguments',
      {
        type: 'object',
        properties: {},
        additionalProperties: false,
        $schema: 'http://json-schema.org/draft-07/schema#',
      },
      { type: 'object', properties: {}, additionalProperties: false },
    ],
    [
      'TypeBox',
      {
        type: 'object',
        required: ['env'],
        properties: {
          env: { type: 'object', patternProperties: { '^(.*)$': { type: 'string' } } },
          mode: {
            anyOf: [
              { const: 'r', type: 'string' },
              { const: 'w', type: 'string' },
            ],
          },
        },
      },
      {
        type: 'object',
        required: ['env'],
        properties: {
          env: {
            type: 'object',
            description: 'Properties by pattern of the name: {"^(.*)$":{"type":"string"}}.',
            additionalProperties: { type: 'string' },
          },
          mode: {
            anyOf: [
              { type: 'string', enum: ['r'] },
              { type: 'string', enum: ['w'] },
            ],
          },
        },
      },
    ],
    [
      'either of two arguments',
      {
        type: 'object',
        properties: { id: { type: 'string' }, url: { type: 'string', format: 'uri' } },
        oneOf: [{ required: ['id'] }, { required: ['url'] }],
      },
      {
        type: 'object',
        properties: { id: { type: 'string' }, url: { type: 'string', format: 'uri' } },
        description: 'Requires id, or url.',
      },
    ],
    [
      'untyped arguments',
      {
        type: 'object',
        properties: {
          body: { description: 'Anything' },
          list: { type: 'array', description: 'List' },
          value: { type: ['string', 'number', 'boolean', 'object', 'array', 'null'] },
        },
      },
      {
        type: 'object',
        properties: {
          body: { description: 'Anything' },
          list: { type: 'array', description: 'List', items: {} },
          value: { type: ['string', 'number', 'boolean', 'object', 'array', 'null'], items: {} },
        },
      },
    ],
    [
      'OpenAPI 3.0',
      {
        type: 'object',
        properties: {
          state: { type: 'string', nullable: true, enum: ['open', null], example: 'open' },
          range: { type: 'integer', minimum: 0, exclusiveMinimum: true, format: 'int64' },
        },
        required: ['state', 'gone'],
      },
      {
        type: 'object',
        properties: {
          state: { anyOf: [{ type: 'string', enum: ['open'] }, { type: 'null' }] },
          range: { type: 'integer', minimum: 1, format: 'int64' },
        },
        required: ['state'],
      },
    ],
    [
      'names of its own',
      {
        type: 'object',
        properties: {
          $ref: { type: 'string' },
          type: { type: 'string', default: 'x' },
          required: { type: 'boolean' },
          'user.name': { type: 'string' },
        },
        required: ['$ref', 'type'],
      },
      {
        type: 'object',
        properties: {
          $ref: { type: 'string' },
          type: { type: 'string' },
          required: { type: 'boolean' },
          'user.name': { type: 'string' },
        },
        required: ['$ref', 'type'],
      },
    ],
  ])('%s', (_what, source, result) => {
    const { schema, wrapped } = toParameters(deepFreeze(source), 'tools[0].function.parameters')
    expect(wrapped).toBe(false)
    expect(schema).toEqual(result)
    expect(violations(schema ?? {})).toEqual([])
  })
})
