import type { ByteList } from './byte-list.ts'

/**
 * Bytes in pieces, whose sum is known beforehand. Can be walked more than once, and may be made as it is walked: a
 * piece is good until the next is asked for.
 */
export interface Chunks extends Iterable<Uint8Array> {
  readonly byteLength: number
}

export function chunksOf(list: ByteList, from: number, to: number): Chunks {
  return { byteLength: to - from, [Symbol.iterator]: () => list.range(from, to) }
}

const encoder = new TextEncoder()

export function textChunks(text: string): Chunks {
  const bytes = encoder.encode(text)
  return { byteLength: bytes.byteLength, [Symbol.iterator]: () => [bytes][Symbol.iterator]() }
}

/** One after the other. */
export function concatenated(parts: readonly Chunks[]): Chunks {
  return {
    byteLength: parts.reduce((sum, part) => sum + part.byteLength, 0),
    *[Symbol.iterator]() {
      for (const part of parts) yield* part
    },
  }
}

const ALPHABET = encoder.encode('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const PAD = 61
/** Bytes encoded at a time; a multiple of 3. */
const STEP = 49_152

/**
 * Base64 of bytes, made a little at a time in one buffer: neither the text nor the bytes are ever held as one, and
 * nothing is left for the collector.
 */
export function base64Chunks(source: Chunks): Chunks {
  return {
    byteLength: Math.ceil(source.byteLength / 3) * 4,
    *[Symbol.iterator]() {
      const input = new Uint8Array(STEP + 2)
      const output = new Uint8Array((STEP / 3) * 4 + 4)
      let held = 0
      for (const piece of source) {
        for (let from = 0; from < piece.byteLength; from += STEP) {
          const next = piece.subarray(from, from + STEP)
          input.set(next, held)
          held += next.byteLength
          const whole = held - (held % 3)
          if (whole > 0) yield encoded(input, whole, output)
          input.copyWithin(0, whole, held)
          held -= whole
        }
      }
      input.fill(0, held)
      if (held > 0) yield encoded(input, held, output)
    },
  }
}

/** Bytes beyond `length` must be 0, as far as they belong to the last group of three. */
function encoded(bytes: Uint8Array, length: number, out: Uint8Array): Uint8Array {
  let to = 0
  for (let from = 0; from < length; from += 3) {
    const bits = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)
    for (let shift = 18; shift >= 0; shift -= 6) out[to++] = ALPHABET[(bits >> shift) & 63] ?? 0
  }
  out.fill(PAD, to - ((3 - (length % 3)) % 3), to)
  return out.subarray(0, to)
}
