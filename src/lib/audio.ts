/** Magic bytes of the sound files that OpenAI takes (openai.md 4.2); what a client calls its file is no evidence. */
const SIGNATURES: readonly { readonly mimeType: string; readonly at: number; readonly bytes: string }[] = [
  { mimeType: 'audio/wav', at: 8, bytes: 'WAVE' },
  { mimeType: 'audio/flac', at: 0, bytes: 'fLaC' },
  { mimeType: 'audio/ogg', at: 0, bytes: 'OggS' },
  { mimeType: 'audio/mp4', at: 4, bytes: 'ftyp' },
  { mimeType: 'audio/webm', at: 0, bytes: '\x1a\x45\xdf\xa3' },
  { mimeType: 'audio/mpeg', at: 0, bytes: 'ID3' },
]

/** The type of a sound file by its first bytes; undefined if it is none that is known. */
export function audioType(head: Uint8Array): string | undefined {
  const text = String.fromCharCode(...head.subarray(0, 16))
  const found = SIGNATURES.find(({ at, bytes }) => text.startsWith(bytes, at))?.mimeType
  if (found !== undefined) return found
  return MPEG.test(text) ? 'audio/mpeg' : undefined
}
/** A frame of MPEG audio begins with eleven set bits, an MPEG stream with a start code. */
// oxlint-disable-next-line eslint/no-control-regex -- bytes as Latin-1 text
const MPEG = /^(?:\xff[\xe0-\xff]|\x00\x00\x01[\xb0-\xff])/

/** 128 kbit/s, which is what speech is mostly stored at. */
const COMPRESSED_BYTES_PER_SECOND = 16_000

/** How long a sound lasts: by its header where it is a WAV file, else a guess by its size. */
export function estimatedSeconds(head: Uint8Array, byteLength: number): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const perSecond = audioType(head) === 'audio/wav' && head.byteLength >= 32 ? view.getUint32(28, true) : 0
  return byteLength / (perSecond > 0 ? perSecond : COMPRESSED_BYTES_PER_SECOND)
}
