import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteList } from '../../../src/lib/byte-list.ts'
import { base64Chunks, type Chunks, concatenated, textChunks } from '../../../src/lib/chunks.ts'
import { boundaryOf, scanForm } from '../../../src/lib/multipart.ts'
import { patchForm, textOf } from '../../../src/lib/multipart-patch.ts'

const NAMES = new Set(['file', 'model', 'languages', 'prompt'])
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const collect = (chunks: Chunks): Buffer => Buffer.concat(Array.from(chunks, (piece) => Buffer.from(piece)))
function cut(bytes: Uint8Array, ends: readonly number[]): ByteList {
  const edges = [0, ...ends.toSorted((a, b) => a - b), bytes.length]
  return new ByteList(edges.slice(1).map((end, i) => bytes.subarray(edges[i], end)))
}

const BODY = [
  '--xyz',
  'Content-Disposition: form-data; name="file"; filename="a \\"b\\".wav"',
  'Content-Type: audio/wav',
  '',
  'RIFF\r\n--xy\r\n-\r\r\n--xyz\0 not a boundary?'.replace('\r\n--xyz\0', '\r\n--xyy\0'),
  '--xyz',
  'content-disposition: form-data; name="languages[]"',
  '',
  'de',
  '--xyz',
  'Content-Disposition: form-data; name="model"',
  '',
  'whisper-1',
  '--xyz--',
  '',
].join('\r\n')

describe('a form is found where it lies', () => {
  const bytes = encode(BODY)
  it('whatever the borders of its pieces', () => {
    for (let at = 1; at < bytes.length; at++) {
      const form = scanForm(cut(bytes, [at]), 'xyz', NAMES)
      expect(form.parts.map(({ name, filename }) => [name, filename])).toEqual([
        ['file', 'a \\"b\\".wav'],
        ['languages[]', undefined],
        ['model', undefined],
      ])
      expect(form.parts.map((part) => textOf(form, part)?.length)).toEqual([38, 2, 9])
    }
  })

  it('in any number of pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (ends) => {
        const form = scanForm(cut(bytes, ends), 'xyz', NAMES)
        expect(form.parts.map((part) => textOf(form, part)).slice(1)).toEqual(['de', 'whisper-1'])
      }),
      { numRuns: 50 },
    )
  })

  it('with any content that does not hold the boundary', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(400)), (content, ends) => {
        const body = Buffer.concat([
          encode('--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'),
          content,
          encode('\r\n--b--'),
        ])
        const places = ends.map((end) => end % body.length)
        const { parts, bytes: list } = scanForm(cut(body, places), 'b', NAMES)
        const [part] = parts
        const got = list.slice(part?.contentStart ?? 0, part?.contentEnd ?? 0)
        expect(Buffer.from(got).equals(content)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('unless it is cut short anywhere', () => {
    const lastByte = BODY.lastIndexOf('--') + 2
    for (let length = 0; length < lastByte; length++)
      expect(() => scanForm(new ByteList([bytes.subarray(0, length)]), 'xyz', NAMES)).toThrow(
        expect.objectContaining({ code: 'invalid_multipart' }),
      )
  })

  it.each([
    [
      '200 parts',
      Array(200).fill('--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nx\r\n').join('') + '--b--',
    ],
    [
      'two files',
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'.repeat(2) + '--b--',
    ],
    [
      'long headers',
      `--b\r\nContent-Disposition: form-data; name="model"\r\nX: ${'y'.repeat(3_000)}\r\n\r\nx\r\n--b--`,
    ],
    ['a nameless part', '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--'],
    ['something before it', 'hello\r\n--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nx\r\n--b--'],
    ['no line after a boundary', '--bContent-Disposition: form-data; name="model"\r\n\r\nx\r\n--b--'],
  ])('refuses %s', (_, body) => {
    expect(() => scanForm(new ByteList([encode(body)]), 'b', NAMES)).toThrow(
      expect.objectContaining({ code: 'invalid_multipart' }),
    )
  })

  it('refuses names that nothing reads', () => {
    const body = '--b\r\nContent-Disposition: form-data; name="api_base"\r\n\r\nx\r\n--b--'
    expect(() => scanForm(new ByteList([encode(body)]), 'b', NAMES)).toThrow("'api_base'")
  })
})

describe('a boundary', () => {
  it.each([
    ['multipart/form-data; boundary=abc', 'abc'],
    ['multipart/form-data; boundary="a b"', 'a b'],
    ['Multipart/Form-Data; charset=utf-8; boundary=----WebKitFormBoundary7', '----WebKitFormBoundary7'],
    ['application/json', undefined],
  ])('of %s', (type, boundary) => expect(boundaryOf(type)).toBe(boundary))
  it.each([
    'multipart/form-data',
    `multipart/form-data; boundary=${'-'.repeat(71)}`,
    `multipart/form-data; boundary=${'-'.repeat(5_000)}`,
    'multipart/form-data; boundary=a\u00e4',
    'multipart/form-data; boundary="a "',
  ])('is refused: %s', (type) =>
    expect(() => boundaryOf(type)).toThrow(expect.objectContaining({ code: 'invalid_multipart' })),
  )
})

describe('a field is changed in place', () => {
  const form = scanForm(cut(encode(BODY), [40, 150]), 'xyz', NAMES)
  const patched = (set: Record<string, unknown>, drop: string[] = []): string => {
    const chunks = patchForm(form, { set, drop })
    const bytes = collect(chunks)
    expect(chunks.byteLength).toBe(bytes.length)
    scanForm(new ByteList([bytes]), 'xyz', NAMES)
    return bytes.toString()
  }
  it('and nothing else', () => {
    expect(patched({ model: 'gpt-transcribe' })).toBe(BODY.replace('whisper-1', 'gpt-transcribe'))
    expect(patched({ model: 'whisper-1' })).toBe(BODY)
  })
  it('added where it was missing, or taken out', () => {
    expect(patched({ prompt: 'otters' })).toContain('name="prompt"\r\n\r\notters\r\n--xyz--')
    expect(patched({}, ['languages[]'])).not.toContain('languages')
    expect(patched({ model: 'm' }, ['file'])).toMatch(/^--xyz\r\n/)
  })
})

describe('base64 in pieces', () => {
  it('is that of the whole, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (pieces) => {
        const chunks = base64Chunks(
          concatenated(
            pieces.map((piece) => ({
              byteLength: piece.length,
              [Symbol.iterator]: () => [piece][Symbol.iterator](),
            })),
          ),
        )
        const text = collect(chunks).toString()
        expect(text).toBe(Buffer.concat(pieces).toString('base64'))
        expect(chunks.byteLength).toBe(text.length)
      }),
    )
  })
  it('is that of large pieces too', () => {
    const bytes = Buffer.alloc(200_001, 'otter')
    const chunks = base64Chunks({
      byteLength: bytes.length,
      [Symbol.iterator]: () => [bytes.subarray(0, 70_000), bytes.subarray(70_000)][Symbol.iterator](),
    })
    expect(collect(chunks).toString()).toBe(bytes.toString('base64'))
    expect(collect(textChunks('é')).length).toBe(2)
  })
})
