import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { patchJson, refuseRepeats, scanJson } from '../../../src/lib/json-scan.ts'

const code = (text: string): string | undefined => {
  try {
    scanJson(text)
    return undefined
  } catch (thrown) {
    return thrown instanceof GatewayError ? thrown.code : 'other'
  }
}
/** An object without the one key that is refused. */
const objects = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 8, noNullPrototype: true })
  .filter((value) => !JSON.stringify(value).includes('__proto__'))
const space = fc.constantFrom('', ' ', '\n', '\r\n  ', '\t')

/** Writes an object with white space where JSON allows it. */
function spaced(value: object, gap: string): string {
  const members = Object.entries(value).map(
    ([key, item]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${JSON.stringify(item)}${gap}`,
  )
  return `${gap}{${members.join(',')}${gap}}${gap}`
}

describe('scanJson', () => {
  it('finds every top-level member of any object, whatever the white space', () => {
    fc.assert(
      fc.property(objects, space, (value, gap) => {
        const text = spaced(value, gap)
        const found = scanJson(text).map(({ key, valueStart, valueEnd }) => [
          key,
          JSON.parse(text.slice(valueStart, valueEnd)),
        ])
        expect(Object.fromEntries(found)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })

  it('never throws anything but a GatewayError, on any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', ' ', '\n', '1') }),
        (text) => {
          expect(code(text)).not.toBe('other')
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('refuses depth, not size', () => {
    expect(code('['.repeat(64) + ']'.repeat(64))).toBeUndefined()
    expect(code('['.repeat(65))).toBe('json_too_deep')
    expect(code(`{"a":"${'['.repeat(10_000)}"}`)).toBeUndefined()
  })

  it('refuses what would cost far more heap than its size', () => {
    expect(code(`[${'{},'.repeat(1_300_000)}{}]`)).toBe('json_too_complex')
    expect(code(`[${'[],'.repeat(1_300_000)}[]]`)).toBe('json_too_complex')
    expect(code(`[${'1,'.repeat(300_000)}1]`)).toBeUndefined() // a token array for embeddings
  })

  it('refuses `__proto__` as a key, in any spelling and depth, and nothing else', () => {
    expect(code('{"__proto__":{}}')).toBe('forbidden_key')
    expect(code('{"a":[{"__proto__" : 1}]}')).toBe('forbidden_key')
    expect(code(String.raw`{"\u005f_proto\u005f_":1}`)).toBe('forbidden_key')
    expect(code('{"constructor":{"prototype":1},"a":"__proto__"}')).toBeUndefined()
    expect(code(String.raw`{"arguments":"{\"__proto__\":1}"}`)).toBeUndefined()
  })

  it('stays linear on strings of quotes and backslashes', () => {
    const text = `{"a":"${String.raw`\\\"`.repeat(200_000)}","b":1}`
    const startedAt = performance.now()
    expect(scanJson(text).map(({ key }) => key)).toEqual(['a', 'b'])
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})

describe('refuseRepeats', () => {
  const repeats = (text: string) => {
    try {
      return refuseRepeats(scanJson(text))
    } catch (thrown) {
      return thrown instanceof GatewayError ? [thrown.code, thrown.detail.param] : thrown
    }
  }
  it.each([
    ['{"model":"a","x":1,"model":"b"}', 'model'],
    [String.raw`{"model":"a","mod\u0065l":"b"}`, 'model'],
    ['{"":1,"":2}', ''],
  ])('refuses %s', (text, param) => {
    expect(repeats(text)).toEqual(['invalid_json', param])
  })
  it.each(['{"a":{"b":1},"b":{"b":1}}', '{"a":1,"A":2}', '[]', '{}'])('lets %s pass', (text) => {
    expect(repeats(text)).toBeUndefined()
  })
})

describe('patchJson', () => {
  it('means what setting and deleting mean, for any object, patch and white space', () => {
    const patches = fc.record({ set: objects, drop: fc.array(fc.string(), { maxLength: 4 }) })
    fc.assert(
      fc.property(objects, patches, space, (value, patch, gap) => {
        const own = Object.keys(value)
        const drop = [...patch.drop, ...own.filter((_, i) => i % 2 === 1)].filter(
          (key) => !Object.hasOwn(patch.set, key),
        )
        const text = spaced(value, gap)
        const expected: Record<string, unknown> = { ...value, ...patch.set }
        for (const key of drop) delete expected[key]
        expect(JSON.parse(patchJson(text, scanJson(text), { set: patch.set, drop }))).toEqual(
          JSON.parse(JSON.stringify(expected)),
        )
      }),
    )
  })

  it('leaves every byte outside the patch as it was', () => {
    const text = '{ "model" : "a",\n "seed": 12345678901234567890, "x": 1.0e2, "é": "\\u00e9" }'
    expect(patchJson(text, scanJson(text), { set: { model: 'b' }, drop: [] })).toBe(
      text.replace('"a"', '"b"'),
    )
    expect(patchJson(text, scanJson(text), { set: { y: 1 }, drop: [] })).toBe(text.replace(' }', ',"y":1 }'))
  })
})
