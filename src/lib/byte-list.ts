/**
 * Bytes in the pieces in which they arrived, read as one: a large upload is never copied into one buffer. Places
 * are counted from the first byte of the first piece.
 */
export class ByteList {
  readonly byteLength: number
  readonly #pieces: readonly Uint8Array[]
  /** Where each piece begins. */
  readonly #starts: readonly number[]

  constructor(pieces: readonly Uint8Array[]) {
    const starts: number[] = []
    let at = 0
    for (const piece of pieces) {
      starts.push(at)
      at += piece.byteLength
    }
    this.#pieces = pieces
    this.#starts = starts
    this.byteLength = at
  }

  /** The byte at a place; -1 beyond the end. */
  at(place: number): number {
    const piece = this.#pieceOf(place)
    return this.#pieces[piece]?.[place - (this.#starts[piece] ?? 0)] ?? -1
  }

  /** Whether these bytes stand at a place. */
  matches(bytes: Uint8Array, place: number): boolean {
    return bytes.every((byte, i) => this.at(place + i) === byte)
  }

  /** The first place, from `from` on and before `to`, where these bytes begin; -1 if there is none. */
  indexOf(bytes: Uint8Array, from: number, to = this.byteLength): number {
    const first = bytes[0] ?? -1
    for (let piece = this.#pieceOf(from); piece < this.#pieces.length; piece++) {
      const start = this.#starts[piece] ?? 0
      if (start >= to) break
      const found = this.#inPiece(bytes, first, piece, Math.max(0, from - start))
      if (found >= 0) return found < to ? found : -1
    }
    return -1
  }

  /** The pieces of a range, without copying. */
  *range(from: number, to: number): Generator<Uint8Array> {
    for (let piece = this.#pieceOf(from); piece < this.#pieces.length; piece++) {
      const start = this.#starts[piece] ?? 0
      if (start >= to) return
      const bytes = this.#pieces[piece]?.subarray(Math.max(0, from - start), to - start)
      if (bytes !== undefined && bytes.byteLength > 0) yield bytes
    }
  }

  /** A copy of a (short) range in one piece. */
  slice(from: number, to: number): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(Math.max(0, Math.min(to, this.byteLength) - from))
    let at = 0
    for (const piece of this.range(from, to)) {
      whole.set(piece, at)
      at += piece.byteLength
    }
    return whole
  }

  #inPiece(bytes: Uint8Array, first: number, piece: number, from: number): number {
    const start = this.#starts[piece] ?? 0
    const held = this.#pieces[piece]
    for (let i = held?.indexOf(first, from) ?? -1; i >= 0; i = held?.indexOf(first, i + 1) ?? -1)
      if (this.matches(bytes, start + i)) return start + i
    return -1
  }

  /** By halving: the last piece that begins at or before the place. */
  #pieceOf(place: number): number {
    let low = 0
    let high = this.#starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#starts[middle] ?? 0) <= place) low = middle
      else high = middle - 1
    }
    return low
  }
}
