/** The usual breakers in reduced form: their trip rules, one state per isolate and target. */
export interface Anchor {
  allows(now: number): boolean
  /** An attempt starts; a half-open breaker counts it. */
  begin(now: number): void
  result(ok: boolean, now: number): void
}
export type AnchorName = 'none' | 'resilience4j' | 'polly' | 'envoy' | 'cockatiel'

const none = (): Anchor => ({ allows: () => true, begin: () => undefined, result: () => undefined })

interface HalfOpen {
  readonly openMs: (trips: number) => number
  readonly trials: number
  /** Whether the results so far trip the closed breaker; told every result. */
  readonly trips: (ok: boolean, now: number) => boolean
  readonly judge: (ok: number, failed: number) => 'close' | 'open' | 'wait'
  readonly reset: () => void
}
function machine(rules: HalfOpen): Anchor {
  let until = 0
  let trips = 0
  let phase: 'closed' | 'open' | 'half' = 'closed'
  let begun = 0
  let ok = 0
  let failed = 0
  const open = (now: number): void => {
    until = now + rules.openMs(++trips)
    phase = 'open'
    rules.reset()
  }
  return {
    allows: (now) => phase === 'closed' || (phase === 'open' ? now >= until : begun < rules.trials),
    begin: (now) => {
      if (phase === 'open' && now >= until) {
        phase = 'half'
        begun = ok = failed = 0
      }
      if (phase === 'half') begun++
    },
    result: (good, now) => {
      if (phase === 'half') {
        if (good) ok++
        else failed++
        const verdict = rules.judge(ok, failed)
        if (verdict === 'open') open(now)
        if (verdict === 'close') {
          phase = 'closed'
          trips = 0
          rules.reset()
        }
      } else if (phase === 'closed' && rules.trips(good, now)) open(now)
    },
  }
}

/** Last 100 calls, at least 100, half failed; open 60 s; ten trials, half may fail. */
function resilience4j(): Anchor {
  let window: boolean[] = []
  return machine({
    openMs: () => 60_000,
    trials: 10,
    trips: (ok) => {
      window = [...window.slice(-99), ok]
      return window.length >= 100 && window.filter((good) => !good).length >= 50
    },
    judge: (ok, failed) => (ok + failed < 10 ? 'wait' : failed >= 5 ? 'open' : 'close'),
    reset: () => (window = []),
  })
}
/** A tenth of at least 100 calls within 30 s; open 5 s; one trial. */
function polly(): Anchor {
  let window: { at: number; ok: boolean }[] = []
  return machine({
    openMs: () => 5_000,
    trials: 1,
    trips: (ok, now) => {
      window = [...window.filter((r) => r.at > now - 30_000), { at: now, ok }]
      return window.length >= 100 && window.filter((r) => !r.ok).length >= window.length / 10
    },
    judge: (_, failed) => (failed > 0 ? 'open' : 'close'),
    reset: () => (window = []),
  })
}
/** Five in a row; out for 30 s times the number of ejections, at most 300 s; then fully back. */
function envoy(): Anchor {
  let row = 0
  let ejections = 0
  let until = 0
  return {
    allows: (now) => now >= until,
    begin: () => undefined,
    result: (ok, now) => {
      if (now < until) return
      row = ok ? 0 : row + 1
      if (row < 5) return
      row = 0
      until = now + Math.min(300_000, 30_000 * ++ejections)
    },
  }
}
/** Five in a row; open 10 s; one trial. */
function cockatiel(): Anchor {
  let row = 0
  return machine({
    openMs: () => 10_000,
    trials: 1,
    trips: (ok) => (row = ok ? 0 : row + 1) >= 5,
    judge: (_, failed) => (failed > 0 ? 'open' : 'close'),
    reset: () => (row = 0),
  })
}

export const ANCHORS: Readonly<Record<AnchorName, () => Anchor>> = {
  none,
  resilience4j,
  polly,
  envoy,
  cockatiel,
}
