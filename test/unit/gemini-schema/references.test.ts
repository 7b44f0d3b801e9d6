import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { toGeminiSchema, toParameters } from '../../../src/providers/gemini/schema/index.ts'
import { deepFreeze, rewritten, rewrittenProperty } from './support.ts'
import type { Json } from './support.ts'

const text = { type: 'string' }

/** The error, if the schema is refused. */
function attempt(schema: unknown, at = 'tools[0]'): GatewayError | undefined {
  try {
    toGeminiSchema(schema, at)
    return undefined
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
}

function refusal(schema: unknown, at = 'schema'): GatewayError {
  const error = attempt(deepFreeze(schema), at)
  if (error === undefined) throw new Error('was accepted')
  return error
}

test('[gemini 4.5 definitions] become $defs, pointers included', () => {
  const source = {
    type: 'object',
    properties: { a: { $ref: '#/definitions/A' } },
    definitions: { A: { type: 'array', items: { $ref: '#/definitions/B' } }, B: text },
  }
  expect(rewritten(source)).toEqual({
    type: 'object',
    properties: { a: { $ref: '#/$defs/A' } },
    $defs: { A: { type: 'array', items: { $ref: '#/$defs/B' } }, B: text },
  })
})

test('[gemini 4.5 definitions] keeps definitions and $defs of the same name apart', () => {
  const source = {
    properties: { a: { $ref: '#/definitions/A' }, b: { $ref: '#/$defs/A' } },
    definitions: { A: { type: 'null' } },
    $defs: { A: text },
  }
  const result = rewritten(source)
  expect(result['properties']).toEqual({ a: { $ref: '#/$defs/A_2' }, b: { $ref: '#/$defs/A' } })
  expect(result['$defs']).toEqual({ A_2: { type: 'null' }, A: text })
})

test('[gemini 4.5 definitions] leaves out what nothing refers to', () => {
  expect(rewritten({ type: 'object', $defs: { A: { $ref: 'https://example.com' } } })).toEqual({
    type: 'object',
  })
})

describe('[gemini 4.5 $ref alone]', () => {
  test('is kept', () => {
    expect(rewrittenProperty({ $ref: '#/$defs/A' }, { A: text })).toEqual({ $ref: '#/$defs/A' })
  })
  test('counts as alone beside what is left out anyway', () => {
    expect(
      rewrittenProperty({ $ref: '#/$defs/A', default: 1, $comment: 'c', nullable: false }, { A: text }),
    ).toEqual({ $ref: '#/$defs/A' })
    expect(rewrittenProperty({ allOf: [{ $ref: '#/$defs/A' }], default: 1 }, { A: text })).toEqual({
      $ref: '#/$defs/A',
    })
  })
  test('is followed where it only leads on', () => {
    expect(rewrittenProperty({ $ref: '#/$defs/A' }, { A: { $ref: '#/$defs/B' }, B: text })).toEqual({
      $ref: '#/$defs/B',
    })
  })
  test('is replaced at the top', () => {
    expect(
      rewritten({
        $ref: '#/definitions/A',
        definitions: { A: { type: 'object', properties: { b: { $ref: '#/definitions/A' } } } },
      }),
    ).toEqual({
      type: 'object',
      properties: { b: { $ref: '#/$defs/A' } },
      $defs: { A: { type: 'object', properties: { b: { $ref: '#/$defs/A' } } } },
    })
  })
  test.each([
    ['~1 and ~0', '#/$defs/a~1b~0c', 'a/b~c'],
    ['~01', '#/$defs/a~01', 'a~1'],
    ['percent', '#/$defs/List%3CItem%3E', 'List<Item>'],
    ['a space', '#/$defs/a%20b', 'a b'],
    ['a stray percent', '#/$defs/50%', '50%'],
    ['an empty name', '#/$defs/', ''],
    ['a dangerous name', '#/$defs/__proto__', '__proto__'],
  ])('resolves %s', (_what, $ref, name) => {
    const source: unknown = JSON.parse(
      `{"properties":{"a":{"$ref":${JSON.stringify($ref)}}},"$defs":{${JSON.stringify(name)}:{"const":"found"}}}`,
    )
    const result = rewritten(source)
    expect(Object.values(result['$defs'] as object)).toEqual([{ type: 'string', enum: ['found'] }])
  })
  test('resolves pointers into the schema, $anchor and $id', () => {
    const source = {
      $id: 'https://example.com/s',
      type: 'object',
      properties: {
        a: { type: 'object', properties: { inner: { const: 1 } } },
        b: { $ref: '#/properties/a/properties/inner' },
        c: { $ref: '#there' },
        d: { $ref: 'https://example.com/s#/$defs/D' },
        e: { $ref: '#/properties/t/items/1' },
        t: { type: 'array', items: [text, { type: 'null' }] },
      },
      $defs: { D: text, X: { $anchor: 'there', type: 'boolean' }, schema: text },
    }
    const result = rewritten(source)
    const at = (name: string) =>
      (result['$defs'] as Json)[String(((result['properties'] as Json)[name] as Json)['$ref']).slice(8)]
    expect([at('b'), at('c'), at('d'), at('e')]).toEqual([
      { type: 'integer', enum: [1] },
      { type: 'boolean' },
      text,
      { type: 'null' },
    ])
  })
  test('is replaced at the top, however it is wrapped', () => {
    const A = { type: 'object', properties: { top: { $ref: '#' } } }
    expect(rewritten({ allOf: [{ $ref: '#/$defs/A' }], $defs: { A } })).toEqual(A)
    expect(rewritten({ $ref: '#/$defs/A', allOf: [], $defs: { A } })).toEqual(A)
    expect(attempt({ allOf: [{ $ref: '#/$defs/A' }], $defs: { A: { allOf: [{ $ref: '#' }] } } })?.code).toBe(
      'invalid_json_schema',
    )
  })
  test('to true is anything', () => {
    expect(rewrittenProperty({ $ref: '#/$defs/A' }, { A: true })).toEqual({})
  })
})

describe('[gemini 4.5 $ref with siblings]', () => {
  const A = { type: 'object', description: 'inner', properties: { a: text }, required: ['a'] }
  test('becomes a copy; the sibling wins', () => {
    expect(rewrittenProperty({ $ref: '#/$defs/A', description: 'outer', default: {} }, { A })).toEqual({
      ...A,
      description: 'outer',
    })
  })
  test('merges what limits', () => {
    expect(rewrittenProperty({ $ref: '#/$defs/A', properties: { b: {} }, required: ['b'] }, { A })).toEqual({
      ...A,
      properties: { b: {}, a: text },
      required: ['b', 'a'],
    })
  })
  test('nullable needs no copy', () => {
    expect(rewrittenProperty({ $ref: '#/$defs/A', nullable: true }, { A })).toEqual({
      anyOf: [{ $ref: '#/$defs/A' }, { type: 'null' }],
    })
  })
  test('a copy refers to the same definitions', () => {
    const B = { type: 'object', properties: { a: { $ref: '#/$defs/A' } } }
    expect(rewrittenProperty({ $ref: '#/$defs/B', description: 'd' }, { A, B })).toEqual({
      ...B,
      description: 'd',
    })
  })
  test('drops the siblings when recursive', () => {
    const source = {
      $defs: { N: { type: 'object', properties: { next: { $ref: '#/$defs/N', description: 'the next' } } } },
      properties: { first: { $ref: '#/$defs/N' }, second: { $ref: '#/$defs/N', description: 'd' } },
    }
    const N = { type: 'object', properties: { next: { $ref: '#/$defs/N' } } }
    expect(rewritten(source)).toEqual({
      type: 'object',
      properties: { first: { $ref: '#/$defs/N' }, second: { ...N, description: 'd' } },
      $defs: { N },
    })
  })
  test('and a reference to itself is said once', () => {
    expect(rewritten({ $ref: '#', type: 'object' })).toEqual({ type: 'object' })
    expect(
      rewrittenProperty(
        { $ref: '#/$defs/A' },
        { A: { $ref: '#/$defs/B', title: 'A' }, B: { $ref: '#/$defs/A', title: 'B' } },
      ),
    ).toEqual({ $ref: '#/$defs/A' })
  })
})

describe('[gemini 4.5 remote $ref]', () => {
  test.each([
    'https://example.com/s.json',
    'other.json#/a',
    '#/$defs/missing',
    '#missing',
    '#/$defs/toString',
    '#/__proto__',
  ])('%s is refused by name', ($ref) => {
    const error = refusal(
      { type: 'object', properties: { a: { items: { $ref } } }, $defs: {} },
      'response_format.json_schema.schema',
    )
    expect(error).toMatchObject({ code: 'invalid_json_schema', status: 400 })
    expect(error.detail.param).toBe('response_format.json_schema.schema.properties.a.items')
    expect(error.message).toContain($ref)
  })
  test('with the code of the caller', () => {
    expect(() => toParameters({ $ref: 'http://x' }, 'tools[0].function.parameters')).toThrow(
      expect.objectContaining({ code: 'invalid_function_parameters' }),
    )
    expect(() => toGeminiSchema({ $ref: 'http://x' }, 'x', { code: 'invalid_value' })).toThrow(
      expect.objectContaining({ code: 'invalid_value' }),
    )
  })
})

describe('[gemini 4.5 recursive $ref]', () => {
  const tree = (required: readonly string[]) => ({
    type: 'object',
    properties: { name: text, children: { type: 'array', items: { $ref: '#' } } },
    required,
  })
  test('through a property that is not required is kept', () => {
    const source = tree(['name'])
    expect(rewritten(source)).toBe(source)
  })
  test('[gemini-trap 90] through required properties is unrolled to a fixed depth', () => {
    const result = rewritten(tree(['name', 'children']))
    expect(Object.keys(result['$defs'] as object)).toEqual(['root_2', 'root_3', 'root_4'])
    expect((result['$defs'] as Json)['root_4']).toEqual({
      ...tree(['name', 'children']),
      properties: {
        name: text,
        children: { type: 'array', items: { type: 'object', description: 'As the outermost object.' } },
      },
    })
  })
  test('through two definitions that require each other is unrolled once each', () => {
    const source = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/A' } },
      required: ['a'],
      $defs: {
        A: {
          type: 'object',
          properties: { b: { anyOf: [{ $ref: '#/$defs/B' }, { type: 'null' }] } },
          required: ['b'],
        },
        B: {
          type: 'object',
          properties: { a: { $ref: '#/$defs/A' }, other: { $ref: '#/$defs/B' } },
          required: ['a'],
        },
      },
    }
    const result = rewritten(source)
    expect(Object.keys(result['$defs'] as object)).toEqual([
      'A',
      'B',
      'A_2',
      'B_2',
      'A_3',
      'B_3',
      'A_4',
      'B_4',
    ])
    expect(((result['$defs'] as Json)['B_3'] as Json)['properties']).toEqual({
      a: { $ref: '#/$defs/A_4' },
      other: { $ref: '#/$defs/B' },
    })
  })
  test('names that are taken are left alone', () => {
    const A = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/A' }, b: { $ref: '#/$defs/A_2' } },
      required: ['a'],
    }
    const result = rewritten({ ...A, $defs: { A, A_2: { type: 'null' } } })
    expect((result['$defs'] as Json)['A_2']).toEqual({ type: 'null' })
  })
  test('a value of any shape, as a top level union', () => {
    const json = {
      anyOf: [
        text,
        { type: 'array', items: { $ref: '#' } },
        { type: 'object', additionalProperties: { $ref: '#' } },
      ],
    }
    expect(Object.keys(rewritten(json)['$defs'] as object)).toHaveLength(3)
  })
})

describe('hostile schemas end soon', () => {
  const doubling = (make: (next: string) => Json): Json => {
    const $defs: Record<string, unknown> = { D30: text }
    for (let i = 0; i < 30; i++) $defs[`D${i}`] = make(`#/$defs/D${i + 1}`)
    return { type: 'object', properties: { a: { $ref: '#/$defs/D0', description: 'd' } }, $defs }
  }
  const copies = (W: Json, beside: Json = { type: 'string' }): Json => ({
    properties: Object.fromEntries(
      Array.from({ length: 9000 }, (_, i) => [`q${i}`, { $ref: '#/$defs/W', ...beside }]),
    ),
    $defs: { W },
  })
  const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, true]))
  const self: Record<string, unknown> = { type: 'object' }
  self['properties'] = { self }
  let nested: unknown = text
  for (let i = 0; i < 100_000; i++) nested = { items: nested }
  let deep: unknown = text
  for (let i = 0; i < 66; i++) deep = { items: deep }
  const chain = Object.fromEntries(
    Array.from({ length: 30_000 }, (_, i) => [
      `D${i}`,
      { allOf: [{ $ref: `#/$defs/D${i + 1}` }, { title: 't' }] },
    ]),
  )

  test.each<[string, unknown]>([
    [
      'doubling references in properties',
      doubling(($ref) => ({
        type: 'object',
        properties: { a: { $ref, description: 'd' }, b: { $ref, description: 'd' } },
      })),
    ],
    [
      'doubling allOf',
      doubling(($ref) => ({
        properties: { a: { allOf: [{ $ref }, { title: 't' }] }, b: { allOf: [{ $ref }, { title: 't' }] } },
      })),
    ],
    [
      'doubling unions',
      {
        allOf: Array.from({ length: 30 }, (_, i) => ({
          anyOf: [{ properties: { [`a${i}`]: {} } }, { properties: { [`b${i}`]: {} } }],
        })),
      },
    ],
    ['a wide definition copied often', copies({ properties: wide })],
    ['a long text copied often', copies({ description: 'x'.repeat(100_000) })],
    ['a long hint copied often', copies({ not: { description: 'x'.repeat(100_000) } })],
    ['a long constant copied often', copies({ const: { text: 'x'.repeat(1_000_000) } }, { title: 't' })],
    [
      'a long enum merged often',
      copies({ enum: ['x'.repeat(1_000_000), 'y'] }, { enum: ['x'.repeat(1_000_000)] }),
    ],
    [
      'a thousand keywords copied often',
      copies(Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`x-${i}`, i]))),
    ],
    [
      'many parts',
      {
        allOf: Array.from({ length: 15_000 }, (_, i) => ({
          properties: { [`p${i}`]: {} },
          required: [`p${i}`],
        })),
      },
    ],
    [
      'a cycle of references',
      { $ref: '#/$defs/A', $defs: { A: { $ref: '#/$defs/B' }, B: { $ref: '#/$defs/A' } } },
    ],
    ['a reference to itself', { $ref: '#' }],
    ['an object that contains itself', self],
    ['100,000 levels', nested],
    ['66 levels', deep],
    ['a long chain of allOf', { $ref: '#/$defs/D0', title: 't', $defs: { ...chain, D30000: text } }],
  ])('%s is refused', (_what, schema) => {
    const start = performance.now()
    expect(attempt(schema)?.detail.param).toMatch(/^tools\[0\]/)
    expect(performance.now() - start).toBeLessThan(1500)
  })
  test.each<[string, unknown]>([
    [
      'two schemas that combine for ever',
      {
        properties: { x: { allOf: [{ $ref: '#/$defs/A' }, { $ref: '#/$defs/B' }] } },
        $defs: {
          A: {
            properties: {
              x: { allOf: [{ $ref: '#/$defs/B' }, { title: 'a' }] },
              y: { $ref: '#/$defs/B', title: 'y' },
            },
          },
          B: {
            properties: {
              x: { allOf: [{ $ref: '#/$defs/A' }, { title: 'b' }] },
              y: { $ref: '#/$defs/A', title: 'y' },
            },
          },
        },
      },
    ],
    [
      'doubling references',
      doubling(($ref) => ({ type: 'object', properties: { a: { $ref }, b: { $ref } } })),
    ],
    [
      'a chain of references',
      {
        $ref: '#/$defs/D0',
        $defs: {
          ...Object.fromEntries(
            Array.from({ length: 30_000 }, (_, i) => [`D${i}`, { $ref: `#/$defs/D${i + 1}` }]),
          ),
          D30000: text,
        },
      },
    ],
    [
      'a chain of definitions',
      {
        $ref: '#/$defs/D0',
        $defs: Object.fromEntries(
          Array.from({ length: 5000 }, (_, i) => [
            `D${i}`,
            { type: 'array', items: { $ref: `#/$defs/D${(i + 1) % 2000}` } },
          ]),
        ),
      },
    ],
    [
      '60 levels',
      Array.from({ length: 60 }).reduce<unknown>((below) => ({ type: 'array', items: below }), text),
    ],
    ['a long enum', { type: 'string', enum: Array.from({ length: 50_000 }, (_, i) => `v${i}`) }],
  ])('%s stay small and pass', (_what, schema) => {
    const start = performance.now()
    toGeminiSchema(schema, 'schema')
    expect(performance.now() - start).toBeLessThan(1500)
  })
  test.each<[string, unknown]>([
    ['a property that is no schema', { properties: { a: 'string' } }],
    ['properties that are none', { properties: ['a'] }],
    ['a text', 'string'],
    ['nothing', null],
    ['a list', []],
    ['a branch that is none', { anyOf: ['x'] }],
  ])('%s is refused', (_what, schema) => {
    expect(refusal(schema).code).toBe('invalid_json_schema')
  })
  test('errors stay short', () => {
    expect(refusal({ properties: { ['x'.repeat(100_000)]: 1 } }).message.length).toBeLessThan(500)
  })
})
