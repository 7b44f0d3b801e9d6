const HEADER_BYTES = 44
/** What a stream says of a length that it does not know. */
const UNKNOWN = 0xff_ff_ff_ff

/** The header that makes signed 16-bit little-endian mono samples a WAV file; without a length, one that streams. */
export function wavHeader(sampleRate: number, dataBytes?: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(HEADER_BYTES))
  const text = (at: number, tag: string): void => {
    for (let i = 0; i < tag.length; i++) view.setUint8(at + i, tag.charCodeAt(i))
  }
  text(0, 'RIFF')
  view.setUint32(4, dataBytes === undefined ? UNKNOWN : dataBytes + HEADER_BYTES - 8, true)
  text(8, 'WAVEfmt ')
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, sampleRate, true)
  view.setUint32(28, sampleRate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  text(36, 'data')
  view.setUint32(40, dataBytes ?? UNKNOWN, true)
  return new Uint8Array(view.buffer)
}
