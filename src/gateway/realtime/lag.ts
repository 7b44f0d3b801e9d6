/**
 * What may pass towards a side that says nothing: six minutes of sound, nearly twice the longest answer to one event
 * (4,096 tokens of 50 ms, openai.md 6.2).
 */
const MAX_UNHEARD_BYTES = 24 * 1_048_576

/** How much has passed towards one side of a session since it was last heard from. */
export interface Lag {
  /** Counts what is about to pass. False: it is too much for a side that may not be reading. */
  fits(bytes: number): boolean
  /** A frame has come from there. */
  heard(): void
}

/**
 * The runtime does not tell how much of what was sent still waits, and frames have no receipts. A side that sends is
 * alive; one that is silent may have stopped to read. `freePerSecond`: bytes that need no sign of life.
 */
export function createLag(now: () => number, freePerSecond: number): Lag {
  let unheard = 0
  let at = now()
  return {
    fits(bytes) {
      const elapsedMs = Math.max(0, now() - at)
      at += elapsedMs
      unheard = Math.max(0, unheard - (elapsedMs * freePerSecond) / 1_000) + bytes
      return unheard <= MAX_UNHEARD_BYTES
    },
    heard() {
      unheard = 0
    },
  }
}
