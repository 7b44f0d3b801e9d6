const EVERY_MS = 10

/** Polls until `look` finds something, and returns it; fails once `deadlineMs` have passed, saying what was awaited. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | null,
  deadlineMs = 3_000,
): Promise<T> {
  const until = performance.now() + deadlineMs
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false && found !== null) return found
    if (performance.now() > until) throw new Error(`Not within ${deadlineMs} ms: ${what}.`)
    await new Promise((resolve) => {
      setTimeout(resolve, EVERY_MS)
    })
  }
}
