import { type LogNormal } from '../health/latency.ts'

/** The limits of one request (resilience.md 3.2), all within its one deadline. */
export interface Deadlines {
  readonly totalMs: number
  readonly firstEventMs: number
  readonly stallMs: number
}
export interface DeadlineInput {
  readonly stream: boolean
  readonly reasoning: boolean
  /** What the client asked for, in its header. */
  readonly clientMs?: number | undefined
  /** The deployment's or route's own limits. */
  readonly configured?: Partial<Deadlines> | undefined
}

const TOTAL_MS = { stream: 300_000, whole: 120_000, reasoning: 600_000 }
const FIRST_EVENT_MS = { usual: 20_000, reasoning: 120_000 }
const STALL_MS = { usual: 30_000, reasoning: 120_000 }
const CLIENT_MIN_MS = 1_000
const CLIENT_MAX_MS = 900_000
/** An adaptive limit never falls below this: a false time-out costs a whole answer. */
const FIRST_EVENT_MIN_MS = 3_000
/** Samples below which the measured distribution is not trusted with a limit. */
const ADAPTIVE_FROM = 20
/** One attempt leaves enough for another target. */
const SHARE_OF_REST = 0.6

export function deadlines({ stream, reasoning, clientMs, configured }: DeadlineInput): Deadlines {
  const usual = reasoning ? TOTAL_MS.reasoning : stream ? TOTAL_MS.stream : TOTAL_MS.whole
  const asked =
    clientMs === undefined ? undefined : Math.min(CLIENT_MAX_MS, Math.max(CLIENT_MIN_MS, clientMs))
  const class_ = reasoning ? 'reasoning' : 'usual'
  return {
    totalMs: asked ?? configured?.totalMs ?? usual,
    firstEventMs: configured?.firstEventMs ?? FIRST_EVENT_MS[class_],
    stallMs: configured?.stallMs ?? STALL_MS[class_],
  }
}

/** How long this attempt may take to its first event: what the target usually needs, and what the rest allows. */
export function firstEventLimitMs(
  limits: Deadlines,
  measured: LogNormal | undefined,
  remainingMs: number,
  untried: number,
): number {
  const adaptive =
    measured && measured.n >= ADAPTIVE_FROM
      ? 2 * Math.exp(measured.mu + 3.1 * measured.sigma)
      : limits.firstEventMs
  const own = Math.min(limits.firstEventMs, Math.max(FIRST_EVENT_MIN_MS, adaptive))
  return Math.max(1, Math.min(own, untried > 0 ? SHARE_OF_REST * remainingMs : remainingMs))
}
