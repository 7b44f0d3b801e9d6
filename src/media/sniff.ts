/** Magic bytes, as Latin-1 text at an offset; what a client calls its file is not evidence. */
const SIGNATURES: readonly {
  readonly mimeType: string
  readonly at: number
  readonly bytes: string
  readonly also?: { readonly at: number; readonly bytes: string }
}[] = [
  { mimeType: 'image/png', at: 0, bytes: '\x89PNG\r\n\x1a\n' },
  { mimeType: 'image/jpeg', at: 0, bytes: '\xff\xd8\xff' },
  { mimeType: 'image/gif', at: 0, bytes: 'GIF8' },
  { mimeType: 'image/webp', at: 0, bytes: 'RIFF', also: { at: 8, bytes: 'WEBP' } },
  { mimeType: 'image/heic', at: 4, bytes: 'ftypheic' },
  { mimeType: 'image/heic', at: 4, bytes: 'ftypheix' },
  { mimeType: 'image/heif', at: 4, bytes: 'ftypmif1' },
  { mimeType: 'image/bmp', at: 0, bytes: 'BM' },
  { mimeType: 'application/pdf', at: 0, bytes: '%PDF-' },
  { mimeType: 'video/mp4', at: 4, bytes: 'ftyp' },
  { mimeType: 'video/webm', at: 0, bytes: '\x1a\x45\xdf\xa3' },
]
/** Enough of the beginning for every signature. */
export const SNIFF_BYTES = 16

/** The type of a file by its first bytes (as Latin-1 text), or undefined. */
export function sniff(head: string): string | undefined {
  return SIGNATURES.find(
    ({ at, bytes, also }) =>
      head.startsWith(bytes, at) && (also === undefined || head.startsWith(also.bytes, also.at)),
  )?.mimeType
}
