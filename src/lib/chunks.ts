/** Bytes in pieces, whose sum is known beforehand. Can be walked more than once, and is made as it is walked. */
export interface Chunks extends Iterable<Uint8Array> {
  readonly byteLength: number
}
