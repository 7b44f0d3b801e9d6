import { BodyTooLarge } from './read-body.ts'

/** What is read at a time: each read crosses into JavaScript, and costs more than the bytes do. */
const PIECE_BYTES = 262_144

/**
 * Reads a body into pieces, at most `maxBytes` in all, without joining them. `take` hears of the bytes before they
 * are kept, and may throw.
 */
export async function readPieces(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  take: (bytes: number) => void,
): Promise<readonly Uint8Array[]> {
  const { read, cancel } = readerOf(body)
  const pieces: Uint8Array[] = []
  let length = 0
  function keep(piece: Uint8Array): void {
    length += piece.byteLength
    if (length > maxBytes) throw new BodyTooLarge()
    take(piece.byteLength)
    pieces.push(piece)
  }
  try {
    for (;;) {
      const { done, value } = await read()
      if (value !== undefined && value.byteLength > 0) keep(value)
      if (done) return pieces
    }
  } catch (thrown) {
    await cancel(thrown).catch(() => undefined)
    throw thrown
  }
}

interface Pieces {
  readonly read: () => Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>
  readonly cancel: (reason: unknown) => Promise<void>
}

/** By whole pieces where the stream can, which one that comes from the network can. */
function readerOf(body: ReadableStream<Uint8Array>): Pieces {
  try {
    const reader = body.getReader({ mode: 'byob' })
    return {
      read: () => reader.readAtLeast(PIECE_BYTES, new Uint8Array(PIECE_BYTES)),
      cancel: (reason) => reader.cancel(reason),
    }
  } catch {
    const reader = body.getReader()
    return { read: () => reader.read(), cancel: (reason) => reader.cancel(reason) }
  }
}
