import type { ByteList } from './byte-list.ts'

/** Bytes in pieces, whose sum is known beforehand. Can be walked more than once, and may be made as it is walked. */
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

/** Base64 of bytes, made a little at a time: neither the text nor the bytes are ever held as one. */
export function base64Chunks(source: Chunks): Chunks {
  return {
    byteLength: Math.ceil(source.byteLength / 3) * 4,
    *[Symbol.iterator]() {
      let rest = new Uint8Array()
      for (const piece of source) {
        for (let from = 0; from < piece.byteLength; from += STEP) {
          const bytes = joined(rest, piece.subarray(from, from + STEP))
          const whole = bytes.byteLength - (bytes.byteLength % 3)
          if (whole > 0) yield encode(bytes.subarray(0, whole))
          rest = bytes.slice(whole)
        }
      }
      if (rest.byteLength > 0) yield encode(rest)
    },
  }
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  if (head.byteLength === 0) return tail
  const whole = new Uint8Array(head.byteLength + tail.byteLength)
  whole.set(head)
  whole.set(tail, head.byteLength)
  return whole
}

function encode(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.byteLength / 3) * 4)
  let to = 0
  for (let from = 0; from < bytes.byteLength; from += 3) {
    const a = bytes[from] ?? 0
    const b = bytes[from + 1] ?? 0
    const c = bytes[from + 2] ?? 0
    out[to++] = ALPHABET[a >> 2] ?? 0
    out[to++] = ALPHABET[((a & 3) << 4) | (b >> 4)] ?? 0
    out[to++] = from + 1 < bytes.byteLength ? (ALPHABET[((b & 15) << 2) | (c >> 6)] ?? 0) : PAD
    out[to++] = from + 2 < bytes.byteLength ? (ALPHABET[c & 63] ?? 0) : PAD
  }
  return out
}
