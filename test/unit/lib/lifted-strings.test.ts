import { describe, expect, it } from 'vitest'
import { liftedStrings } from '../../../src/lib/lifted-strings.ts'

const CHANCE = { now: () => 0, random: Math.random }
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const textOf = (body: string | Uint8Array | ReadableStream<Uint8Array>): Promise<string> =>
  new Response(body as BodyInit).text()

describe('long strings', () => {
  const long = 'A"\\\n\u00e9\ud83d\udc4b\u0007'.repeat(60_000)
  const [first, second] = [
    { a: [{ data: long }], b: 'short' },
    { data: `${long}end`, c: 1 },
  ]

  it.each([0, 10_000_000])(
    '[known-bug 45] are kept out of what is parsed, and are back where they are put, in one piece up to %i',
    async (most) => {
      const { lift, restore } = liftedStrings(100, CHANCE)
      const [one, two] = [lift(bytesOf(first)), lift(bytesOf(second))]
      expect(one.length + two.length).toBeLessThan(200)
      const [{ a, b }, { data, c }] = [JSON.parse(one) as typeof first, JSON.parse(two) as typeof second]
      expect({ b, c }).toEqual({ b: 'short', c: 1 })
      const made = { pictures: [data, a[0]?.data], url: `data:image/png;base64,${data}` }
      const body = restore(JSON.stringify(made), most)
      expect(body instanceof ReadableStream).toBe(most === 0)
      expect(JSON.parse(await textOf(body))).toEqual({
        pictures: [`${long}end`, long],
        url: `data:image/png;base64,${long}end`,
      })
    },
  )

  it('that are not there change nothing', async () => {
    const { lift, restore } = liftedStrings(100, CHANCE)
    expect(restore(lift(bytesOf({ a: 'b' })), 0)).toBe('{"a":"b"}')
  })
})
