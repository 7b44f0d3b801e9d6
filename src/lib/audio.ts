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
  return byteLength / (waveOf(head)?.bytesPerSecond ?? COMPRESSED_BYTES_PER_SECOND)
}

/**
 * Bytes per second of the thinnest speech that a format holds: MPEG audio has no less than 8 kbit/s, AMR 4.75 and
 * Opus 6. Only silence that is left out can be thinner still.
 */
const THINNEST_BYTES_PER_SECOND: Readonly<Record<string, number>> = { 'audio/mpeg': 1_000 }
const THINNEST_OF_ALL = 500

/** The longest that a sound of so many bytes can last. */
export function longestSeconds(head: Uint8Array, byteLength: number): number {
  const wave = waveOf(head)
  if (wave !== undefined) return byteLength / wave.leastBytesPerSecond
  return byteLength / (THINNEST_BYTES_PER_SECOND[audioType(head) ?? ''] ?? THINNEST_OF_ALL)
}

/** Up to the size of a sample. */
const WAVE_HEAD_BYTES = 34

interface Wave {
  /** As the file says. */
  readonly bytesPerSecond: number
  /** As its samples come to, should that be less. */
  readonly leastBytesPerSecond: number
}

/** Undefined unless the format stands where it usually does. */
function waveOf(head: Uint8Array): Wave | undefined {
  if (audioType(head) !== 'audio/wav' || head.byteLength < WAVE_HEAD_BYTES) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  const bytesPerSecond = view.getUint32(28, true)
  const bySamples = view.getUint32(24, true) * view.getUint16(32, true)
  if (!FORMAT_CHUNK.every((byte, i) => head[12 + i] === byte) || bytesPerSecond === 0 || bySamples === 0)
    return undefined
  return { bytesPerSecond, leastBytesPerSecond: Math.min(bytesPerSecond, bySamples) }
}
const FORMAT_CHUNK = Array.from('fmt ', (letter) => letter.charCodeAt(0))
