import { type LatencyView, type LogNormal, median, p95 } from './latency.ts'
import { type Gates, subjectOf } from './gates.ts'
import type { Seen } from './ports.ts'

/** One target as an operator reads it. */
export interface Described {
  readonly target: string
  readonly state: 'closed' | 'returning' | 'open' | 'half-open'
  readonly reason: string
  /** Epoch ms. */
  readonly since: number
  /** When the next trial may be made; only while it is open. */
  readonly nextTrial?: number
  /** When its provider is looked at again. */
  readonly nextCheck?: number
  /** Shut gates of its credentials and of the model. */
  readonly gates?: readonly DescribedGate[]
  readonly share: number
  readonly errorRate: number
  readonly ttftMs?: { readonly p50: number; readonly p95: number }
  readonly tokensPerS?: { readonly p50: number; readonly p95: number }
}

interface DescribedGate {
  /** Undefined: the model is missing, whatever the credential. */
  readonly credential?: string
  readonly reason: string
  readonly until: number
}

export function describe({ snapshot, nextCheckAt }: Seen): readonly Described[] {
  return Object.entries(snapshot.targets).map(([target, view]) => {
    const gates = gatesOf(target, snapshot.gates)
    const ttft = usualTtft(view.latency)
    const { speed } = view.latency
    return {
      target,
      state: view.phase === 'closed' && view.share < 1 ? 'returning' : view.phase,
      reason: view.reason,
      since: view.since,
      ...(view.phase === 'open' && { nextTrial: view.openUntil }),
      ...(nextCheckAt !== undefined && { nextCheck: nextCheckAt }),
      ...(gates.length > 0 && { gates }),
      share: view.share,
      errorRate: view.errorRate,
      ...(ttft && { ttftMs: { p50: Math.round(median(ttft)), p95: Math.round(p95(ttft)) } }),
      ...(speed && { tokensPerS: { p50: Math.round(median(speed)), p95: Math.round(p95(speed)) } }),
    }
  })
}

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
