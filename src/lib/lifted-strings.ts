import { type Chance, randomText } from './chance.ts'
import { jsonSkeleton } from './json-skeleton.ts'
import { cut, streamOf } from './piece-stream.ts'
import { utf8 } from './utf8.ts'

/** The long strings of JSON documents, kept as the bytes that they came as while something short stands for them. */
export interface LiftedStrings {
  /** The document with a word in the place of each long string. */
  readonly lift: (bytes: Uint8Array) => string
  /**
   * JSON that was made of such documents, with the long strings in their places again: in one piece up to
   * `maxBytes`, and else as a stream, which holds nothing twice.
   */
  readonly restore: (text: string, maxBytes: number) => string | Uint8Array | ReadableStream<Uint8Array>
}

export function liftedStrings(maxStringBytes: number, chance: Chance): LiftedStrings {
  // Nobody can write the word of a string without knowing this.
  const secret = randomText(chance)
  const kept: Uint8Array[] = []
  return {
    lift: (bytes) => jsonSkeleton(bytes, maxStringBytes, (content) => `${secret}:${kept.push(content) - 1}:`),
    restore(text, maxBytes) {
      if (kept.length === 0) return text
      const pieces = piecesOf(text.split(secret), kept).filter(({ byteLength }) => byteLength > 0)
      const length = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
      return length > maxBytes ? streamOf(pieces) : joined(pieces, length)
    },
  }
}

const NOTHING = new Uint8Array()

/** Views of what is kept, and the texts between. */
function piecesOf(texts: readonly string[], kept: readonly Uint8Array[]): readonly Uint8Array[] {
  return texts.flatMap((text, i) => {
    const word = i === 0 ? null : /^:(\d+):/.exec(text)
    const content = kept[Number(word?.[1])] ?? NOTHING
    return [...cut(content), utf8(text.slice(word?.[0].length ?? 0))]
  })
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.byteLength
  }
  return whole
}
