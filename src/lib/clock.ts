/** Time that a shell may wait for. Injected, so that tests turn the hands themselves. */
export interface Timers {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Runs `work` once after `ms`; the answer stops it. */
  after(ms: number, work: () => void): () => void
}
