import { type LatencyView, type LogNormal, median, p95 } from './latency.ts'
import { type Gates, subjectOf } from './gates.ts'
import type { Seen } from './ports.ts'
import type { TargetView } from './wire.ts'

/** One target as an operator reads it. */
export interface Described {
  readonly target: string
  /** Names of the keys with which it may be asked. */
  readonly credentials: readonly string[]
  readonly state: 'closed' | 'returning' | 'open' | 'half-open'
  readonly reason: string
  /** Epoch ms; null: nothing has been heard of it. */
  readonly since: number | null
  /** When the next trial may be made; only while it is open. */
  readonly nextTrial?: number
  /** When its provider is looked at again. */
  readonly nextCheck?: number
  /** Shut gates of its credentials and of the model. */
  readonly gates?: readonly DescribedGate[]
  readonly share: number
  readonly errorRate: number
  /** Null: not measured. */
  readonly ttftMs: Pace | null
  readonly tokensPerS: Pace | null
}

interface Pace {
  readonly p50: number
  readonly p95: number
}
interface DescribedGate {
  /** Undefined: the model is missing, whatever the credential. */
  readonly credential?: string
  readonly reason: string
  readonly until: number
}

/** What the configuration in force says. */
export interface Configured {
  /** Health ids. */
  readonly targets: readonly string[]
  /** The names of the keys with which a target may be asked. */
  readonly keysOf: (target: string) => readonly string[]
}

/** Every target that has been seen, and every one that is configured. */
export function describe({ snapshot, nextCheckAt }: Seen, configured: Configured): readonly Described[] {
  const ids = new Set([...Object.keys(snapshot.targets), ...configured.targets])
  return [...ids].map((target): Described => {
    const view = Object.hasOwn(snapshot.targets, target) ? snapshot.targets[target] : undefined
    const gates = gatesOf(target, snapshot.gates)
    return {
      target,
      credentials: configured.keysOf(target),
      ...(view === undefined ? UNSEEN : seen(view)),
      ...(nextCheckAt !== undefined && { nextCheck: nextCheckAt }),
      ...(gates.length > 0 && { gates }),
    }
  })
}

type Known = Omit<Described, 'target' | 'credentials' | 'nextCheck' | 'gates'>

/** Nothing bad is known of it, and nothing good. */
const UNSEEN: Known = {
  state: 'closed',
  reason: 'no evidence yet',
  since: null,
  share: 1,
  errorRate: 0,
  ttftMs: null,
  tokensPerS: null,
}

const seen = (view: TargetView): Known => ({
  state: view.phase === 'closed' && view.share < 1 ? 'returning' : view.phase,
  reason: view.reason,
  since: view.since,
  ...(view.phase === 'open' && { nextTrial: view.openUntil }),
  share: view.share,
  errorRate: view.errorRate,
  ttftMs: paceOf(usualTtft(view.latency)),
  tokensPerS: paceOf(view.latency.speed),
})

const paceOf = (measured: LogNormal | undefined): Pace | null =>
  measured === undefined ? null : { p50: Math.round(median(measured)), p95: Math.round(p95(measured)) }

function gatesOf(target: string, gates: Gates): readonly DescribedGate[] {
  return Object.entries(gates).flatMap(([key, { reason, until }]) => {
    const subject = subjectOf(key)
    if (subject.model !== undefined && target !== `${subject.provider}/${subject.model}`) return []
    if (!target.startsWith(`${subject.provider}/`)) return []
    const { credential } = subject
    return [{ ...(credential !== undefined && { credential }), reason, until }]
  })
}

/** Of the prompt size that is asked for most. */
const usualTtft = (latency: LatencyView): LogNormal | undefined =>
  latency.ttft.reduce((most, one) => ((one?.n ?? 0) > (most?.n ?? 0) ? one : most), undefined)
