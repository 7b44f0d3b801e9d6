import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventTooLarge, SseSplitter } from '../../../src/lib/sse-split.ts'

function split(pieces: readonly string[], maxEventChars = 1_000_000) {
  const events: { data: string; raw: string }[] = []
  const splitter = new SseSplitter((data, raw) => events.push({ data, raw }), maxEventChars)
  for (const piece of pieces) splitter.feed(piece)
  splitter.finish()
  return events
}
const data = (text: string): string[] => split([text]).map((event) => event.data)

/** Cuts a text at the given places, wherever they fall. */
export function cutAt(text: string, cuts: readonly number[]): string[] {
  const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((a, b) => a - b)
  return [...places, text.length].map((to, i) => text.slice(i === 0 ? 0 : places[i - 1], to))
}

describe('SseSplitter', () => {
  it('gives the same events for any split, with LF, CRLF and CR', () => {
    const lines = fc.array(
      fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll(/[\r\n]/g, '')),
      { minLength: 1, maxLength: 3 },
    )
    fc.assert(
      fc.property(
        fc.array(lines, { maxLength: 6 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat(400), { maxLength: 30 }),
        (events, eol, cuts) => {
          const text = events
            .map((event) => event.map((line) => `data: ${line}${eol}`).join('') + eol)
            .join('')
          const whole = split([text])
          expect(split(cutAt(text, cuts))).toEqual(whole)
          const expected = events
            .map((event) => event.filter((line) => !line.startsWith(':')).join('\n'))
            .filter((joined) => joined !== '')
          expect(whole.map((event) => event.data)).toEqual(expected)
          expect(text.replaceAll(/^$/g, '')).toContain(
            whole
              .map((event) => event.raw)
              .join('')
              .slice(0, 1),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  it('hands events over as they came, byte for byte', () => {
    const text = 'event: x\r\nid: 7\r\ndata: {"a":1}\r\n\r\ndata:{"b":2}\n\n'
    expect(
      split([text])
        .map((event) => event.raw)
        .join(''),
    ).toBe(text)
  })

  it('[known-bug 66] drops comments, also those sent as data', () => {
    expect(data(': keep-alive\n\n: PROCESSING\ndata: {"a":1}\n\ndata: : keepalive\n\n')).toEqual(['{"a":1}'])
  })

  it('counts a last event without its blank line, and one without any line end', () => {
    expect(data('data: {"a":1}\n')).toEqual(['{"a":1}'])
    expect(data('data: {"a":1}')).toEqual(['{"a":1}'])
  })

  it('reads a bare JSON text as data: one line, many lines, or in an array (gemini.md 1.4)', () => {
    const error = '{\n  "error": {\n    "code": 503\n  }\n}'
    expect(data(`data: {"a":1}\n\n${error}\n`).map((text) => JSON.parse(text))).toEqual([
      { a: 1 },
      { error: { code: 503 } },
    ])
    expect(JSON.parse(data(`[${error}]`)[0] ?? '')).toEqual([{ error: { code: 503 } }])
  })

  it('refuses an event above its limit, in one piece or in many', () => {
    expect(() => split([`data: ${'x'.repeat(2_000)}`], 1_000)).toThrow(EventTooLarge)
    expect(() =>
      split(
        Array.from({ length: 300 }, () => 'data: 7 chars'),
        1_000,
      ),
    ).toThrow(EventTooLarge)
    expect(() =>
      split(
        Array.from({ length: 300 }, () => 'data: line\n'),
        1_000,
      ),
    ).toThrow(EventTooLarge)
  })

  it('takes a huge event in small chunks in linear time', () => {
    const chunk = 'y'.repeat(1_000)
    const startedAt = performance.now()
    expect(
      split(['data: ', ...Array.from({ length: 8_000 }, () => chunk), '\n\n'], 32_000_000)[0]?.data.length,
    ).toBe(8_000_000)
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
