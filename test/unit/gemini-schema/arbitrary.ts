import * as fc from 'fast-check'

type Json = Record<string, unknown>
const NAMES = ['a', 'b', 'type', '$ref', 'default', 'properties', 'const', '__proto__', 'x y']
const name = fc.constantFrom(...NAMES)
const definition = fc.constantFrom('A', 'B', 'C')

function compact(record: Record<string, unknown>): Json {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 })

/**
 * Schemas of OpenAI's strict subset (openai.md 2.5). `loose` adds what loses precision on the way: recursion,
 * boolean constants, empty strings in enums, exclusive bounds of numbers, multipleOf.
 */
export function strictSchema(loose: boolean): fc.Arbitrary<Json> {
  const { object } = fc.letrec<{ node: Json; object: Json }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf(loose),
      reference(loose),
      tie('object'),
      array(tie('node')),
      union(tie('node')),
    ),
    object: objectOf(tie('node')),
  }))
  const { node } = fc.letrec<{ node: Json }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      leaf(loose),
      ...(loose ? [reference(loose)] : []),
      objectOf(tie('node')),
      array(tie('node')),
      ...(loose ? [union(tie('node'))] : []),
    ),
  }))
  // A definition that is only a reference may be one to itself, which says nothing.
  const definition = fc.oneof(
    leaf(loose),
    objectOf(node),
    array(node),
    union(fc.oneof(leaf(loose), objectOf(node))),
  )
  const definitions = fc.record({ A: definition, B: definition, C: definition })
  return fc.tuple(object, definitions).map(([root, $defs]) => ({ ...root, $defs }))
}

function objectOf(node: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc
    .tuple(
      fc.uniqueArray(fc.tuple(name, node), { selector: ([key]) => key, maxLength: 4 }),
      maybe(fc.constant('text')),
    )
    .map(([entries, description]) =>
      compact({
        type: 'object',
        description,
        properties: Object.fromEntries(entries),
        required: entries.map(([key]) => key),
        additionalProperties: false,
      }),
    )
}

function array(node: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc
    .record({
      type: fc.constant('array'),
      items: node,
      minItems: maybe(fc.nat(1)),
      maxItems: maybe(fc.integer({ min: 1, max: 4 })),
    })
    .map(compact)
}

function union(node: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  return fc
    .record({
      description: maybe(fc.constant('text')),
      anyOf: fc.array(fc.oneof(node, fc.constant({ type: 'null' })), { minLength: 1, maxLength: 3 }),
    })
    .map(compact)
}

function reference(loose: boolean): fc.Arbitrary<Json> {
  const targets = fc.oneof(
    definition.map((key) => `#/$defs/${key}`),
    ...(loose ? [fc.constant('#')] : []),
  )
  return fc.record({ $ref: targets, description: maybe(fc.constant('text')) }).map(compact)
}

function leaf(loose: boolean): fc.Arbitrary<Json> {
  const words = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 })
  const numbers = fc.uniqueArray(fc.integer({ min: -5, max: 5 }), { minLength: 1 })
  const bound = maybe(fc.integer({ min: -5, max: 0 }))
  const limit = maybe(fc.integer({ min: 3, max: 8 }))
  const exact: fc.Arbitrary<Record<string, unknown>>[] = [
    fc.record({
      type: fc.constantFrom<unknown>('string', ['string', 'null']),
      description: maybe(fc.constant('text')),
    }),
    fc.record({ type: fc.constant('string'), enum: words }),
    fc.record({ enum: fc.tuple(words, numbers).map(([one, two]) => [...one, ...two, null]) }),
    fc.record({ type: fc.constant(['string', 'null']), enum: words.map((list) => [...list, null]) }),
    fc.record({ const: fc.constantFrom<unknown>('a', 1, 1.5, null), title: maybe(fc.constant('T')) }),
    fc.record({
      type: fc.constant('integer'),
      minimum: bound,
      maximum: limit,
      exclusiveMinimum: bound,
      exclusiveMaximum: limit,
    }),
    fc.record({
      type: fc.constantFrom<unknown>('number', ['number', 'null']),
      minimum: bound,
      maximum: limit,
    }),
    fc.record({ type: fc.constantFrom('integer', 'number'), enum: numbers }),
    fc.record({ type: fc.constantFrom<unknown>('boolean', 'null', ['boolean', 'null']) }),
    fc.record({ type: fc.constant('boolean'), enum: fc.constant([true, false]) }),
  ]
  const lossy: fc.Arbitrary<Record<string, unknown>>[] = [
    fc.record({ type: maybe(fc.constant('boolean')), const: fc.boolean() }),
    fc.record({ type: maybe(fc.constant('string')), enum: fc.constantFrom([''], ['', 'a']) }),
    fc.record({
      type: fc.constant('number'),
      exclusiveMinimum: bound,
      exclusiveMaximum: limit,
      multipleOf: maybe(fc.constant(1)),
    }),
    fc.record({
      type: fc.constant('string'),
      format: fc.constantFrom('date-time', 'email', 'uuid'),
      pattern: maybe(fc.constant('.*')),
    }),
  ]
  return fc.oneof(...exact, ...(loose ? lossy : [])).map(compact)
}

/** Any mixture of keywords with mostly fitting values. */
export function anySchema(): fc.Arbitrary<Json> {
  const { schema } = fc.letrec<{ schema: unknown; map: Json; list: unknown[]; record: Json }>((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      fc.boolean(),
      tie('record'),
      tie('record'),
      tie('record'),
    ),
    map: fc.dictionary(name, tie('schema'), { maxKeys: 3 }),
    list: fc.array(tie('schema'), { maxLength: 3 }),
    record: fc
      .array(
        fc.oneof(
          { maxDepth: 4 },
          fc.tuple(fc.constant('type'), fc.oneof(type, fc.array(type, { maxLength: 3 }))),
          fc.tuple(fc.constantFrom('enum'), fc.array(scalar, { maxLength: 4 })),
          fc.tuple(fc.constantFrom('const', 'default'), scalar),
          fc.tuple(
            fc.constant('$ref'),
            fc.constantFrom('#', '#/$defs/A', '#/$defs/B', '#/definitions/C', '#/$defs/A/properties/a'),
          ),
          fc.tuple(fc.constantFrom('nullable', 'uniqueItems', 'exclusiveMinimum'), fc.boolean()),
          fc.tuple(
            fc.constantFrom(
              'minimum',
              'maximum',
              'minItems',
              'maxItems',
              'exclusiveMinimum',
              'exclusiveMaximum',
              'multipleOf',
              'minLength',
            ),
            fc.integer({ min: -2, max: 5 }),
          ),
          fc.tuple(
            fc.constantFrom(
              'title',
              'description',
              'format',
              'pattern',
              '$schema',
              '$comment',
              '$anchor',
              'x-note',
            ),
            fc.constantFrom('text', ''),
          ),
          fc.tuple(fc.constantFrom('required', 'propertyOrdering'), fc.array(name, { maxLength: 3 })),
          fc.tuple(fc.constantFrom('properties', 'patternProperties', 'dependentSchemas'), tie('map')),
          fc.tuple(fc.constantFrom('anyOf', 'oneOf', 'allOf', 'prefixItems', 'items'), tie('list')),
          fc.tuple(
            fc.constantFrom(
              'items',
              'additionalProperties',
              'additionalItems',
              'not',
              'if',
              'then',
              'contains',
              'propertyNames',
            ),
            tie('schema'),
          ),
          fc.tuple(fc.constantFrom('items', 'properties', 'anyOf', 'enum', 'description'), fc.constant(null)),
        ),
        { maxLength: 5 },
      )
      .map((entries) => Object.fromEntries(entries)),
  }))
  return fc.tuple(schema, schema, schema, schema).map(([root, A, B, C]) => ({
    ...(typeof root === 'object' ? root : {}),
    $defs: { A, B },
    definitions: { C },
  }))
}

const type = fc.constantFrom(
  'string',
  'number',
  'integer',
  'boolean',
  'object',
  'array',
  'null',
  'OBJECT',
  'any',
)
const scalar = fc.oneof(
  fc.constantFrom<unknown>('', 'a', 'b', 0, 1, 1.5, true, false, null),
  fc.constantFrom<unknown>([1], { a: 1 }),
)
