/** What is sent at a time, so that the runtime never holds a large body twice. */
const PIECE_BYTES = 262_144

/** Views, not copies. */
export function cut(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.byteLength / PIECE_BYTES) }, (_, i) =>
    bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
  )
}

/** The pieces one by one, as fast as they are read. */
export function streamOf(pieces: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  const left = pieces.values()
  return new ReadableStream({
    pull(controller) {
      const { done, value } = left.next()
      if (done === true) controller.close()
      else controller.enqueue(value)
    },
  })
}
