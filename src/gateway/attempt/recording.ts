import { utf8 } from '../../lib/utf8.ts'

/** An answer as it passes: nothing is read twice, and what gets too long is let go. */
export interface Recording {
  readonly text: (data: string) => void
  readonly bytes: (bytes: Uint8Array) => void
  /** Undefined if it was too long. Texts have a NUL between them. */
  readonly taken: () => Uint8Array<ArrayBuffer> | undefined
}

export function record(maxBytes: number): Recording | undefined {
  if (maxBytes === 0) return undefined
  let texts: string[] = []
  let pieces: Uint8Array[] = []
  let size = 0
  const fits = (more: number): boolean => {
    size += more
    if (size <= maxBytes) return true
    texts = []
    pieces = []
    return false
  }
  return {
    text(data) {
      if (fits(data.length + 1)) texts.push(data)
    },
    bytes(bytes) {
      if (fits(bytes.length)) pieces.push(bytes)
    },
    taken() {
      if (size > maxBytes) return undefined
      return pieces.length > 0 ? joined(pieces, size) : utf8(texts.join('\0'))
    },
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(size)
  let at = 0
  for (const piece of pieces) {
    all.set(piece, at)
    at += piece.length
  }
  return all
}
