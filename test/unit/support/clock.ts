import type { Timers } from '../../../src/lib/clock.ts'

/** Hands that the test turns: `advance` runs what falls due, in order. */
export class FakeTimers implements Timers {
  #now: number
  #due: { at: number; work: () => void }[] = []
  constructor(now = 1_000_000) {
    this.#now = now
  }
  now(): number {
    return this.#now
  }
  after(ms: number, work: () => void): () => void {
    const entry = { at: this.#now + ms, work }
    this.#due.push(entry)
    return () => {
      this.#due = this.#due.filter((other) => other !== entry)
    }
  }
  /** How many timers are armed: a finished request leaves none behind. */
  get armed(): number {
    return this.#due.length
  }
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      const [next] = this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#due = this.#due.filter((entry) => entry !== next)
      this.#now = Math.max(this.#now, next.at)
      next.work()
      await settle()
    }
    this.#now = until
    await settle()
  }
}

/** Lets everything that is already decided happen; waits for no timer. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve()
}
