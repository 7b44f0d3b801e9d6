import { type Chance, randomText } from './chance.ts'
import { jsonSkeleton } from './json-skeleton.ts'

/** What is sent at a time, so that the runtime never holds a picture twice. */
const PIECE_BYTES = 262_144

/** The long strings of JSON documents, kept as the bytes that they came as while something short stands for them. */
export interface LiftedStrings {
  /** The document with a word in the place of each long string. */
  readonly lift: (bytes: Uint8Array) => string
  /** JSON that was made of such documents, with the long strings in their places again. */
  readonly restore: (text: string) => string | ReadableStream<Uint8Array>
}

export function liftedStrings(maxStringBytes: number, chance: Chance): LiftedStrings {
  // Nobody can write the word of a string without knowing this.
  const secret = randomText(chance)
  const kept: Uint8Array[] = []
  return {
    lift: (bytes) => jsonSkeleton(bytes, maxStringBytes, (content) => `${secret}:${kept.push(content) - 1}:`),
    restore: (text) => (kept.length === 0 ? text : streamOf(piecesOf(text.split(secret), kept))),
  }
}

const NOTHING = new Uint8Array()

function* piecesOf(texts: readonly string[], kept: readonly Uint8Array[]): Generator<Uint8Array, void> {
  const encoder = new TextEncoder()
  for (const [i, text] of texts.entries()) {
    const word = i === 0 ? null : /^:(\d+):/.exec(text)
    const content = kept[Number(word?.[1])] ?? NOTHING
    for (let from = 0; from < content.byteLength; from += PIECE_BYTES)
      yield content.subarray(from, from + PIECE_BYTES)
    yield encoder.encode(text.slice(word?.[0].length ?? 0))
  }
}

function streamOf(pieces: Generator<Uint8Array, void>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      const { done, value } = pieces.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
    cancel: () => void pieces.return(),
  })
}
