import fc from 'fast-check'
import { expect, it } from 'vitest'
import { audioType, estimatedSeconds } from '../../../src/lib/audio.ts'
import { fromBase64, toBase64 } from '../../../src/lib/base64.ts'
import { packFloats } from '../../../src/lib/float-base64.ts'
import { jsonSkeleton } from '../../../src/lib/json-skeleton.ts'
import { wavHeader } from '../../../src/lib/wav.ts'
import { pcm, wav } from '../../../simulator/samples.ts'

it('packs floats as the official clients unpack them', () => {
  fc.assert(
    fc.property(fc.array(fc.float({ noNaN: true })), (values) => {
      const bytes = Buffer.from(packFloats(values), 'base64')
      const unpacked = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)
      expect([...unpacked]).toEqual(values)
    }),
  )
})

it('reads base64 back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect([...fromBase64(toBase64(bytes))]).toEqual([...bytes])
    }),
  )
})

it('leaves long strings out of JSON and nothing else', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: 'grapheme' }), (value, text) => {
      const long = `${text}${'"\\é'.repeat(40)}`
      const document = {
        before: value,
        data: [{ b64: long, short: 'a"b\\' }],
        usage: { n: 1 },
        [`k${text}`]: value,
      }
      const bytes = new TextEncoder().encode(JSON.stringify(document))
      expect(JSON.parse(jsonSkeleton(bytes, 1_000))).toEqual(JSON.parse(JSON.stringify(document)))
      const cut = JSON.parse(jsonSkeleton(bytes, 100)) as typeof document
      expect(cut.data[0]).toEqual({ b64: '', short: 'a"b\\' })
      expect(cut.usage).toEqual({ n: 1 })
    }),
    { numRuns: 50 },
  )
})

it('makes WAV files of samples', () => {
  const samples = pcm('otter')
  expect(Buffer.concat([wavHeader(24_000, samples.length), samples]).equals(wav(samples))).toBe(true)
  expect(estimatedSeconds(wav(samples), samples.length)).toBe(1)
})

it.each([
  ['RIFF\0\0\0\0WAVEfmt ', 'audio/wav'],
  ['ID3\x04', 'audio/mpeg'],
  ['\xff\xfb\x90\x64', 'audio/mpeg'],
  ['fLaC', 'audio/flac'],
  ['OggS', 'audio/ogg'],
  ['\0\0\0\x20ftypM4A ', 'audio/mp4'],
  ['\x1a\x45\xdf\xa3', 'audio/webm'],
  ['<html>', undefined],
  ['', undefined],
])('knows a sound by its first bytes: %j', (head, type) =>
  expect(audioType(Buffer.from(head, 'latin1'))).toBe(type),
)
