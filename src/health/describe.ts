import { type LatencyView, type LogNormal, median, p95 } from './latency.ts'
import type { Snapshot } from './wire.ts'

/** One target as an operator reads it. */
export interface Described {
  readonly target: string
  readonly state: 'closed' | 'returning' | 'open' | 'half-open'
  readonly reason: string
  /** Epoch ms. */
  readonly since: number
  /** When the next trial may be made; only while it is open. */
  readonly nextTrial?: number
  readonly share: number
  readonly errorRate: number
  readonly ttftMs?: { readonly p50: number; readonly p95: number }
  readonly tokensPerS?: { readonly p50: number }
}

export function describe(snapshot: Snapshot): readonly Described[] {
  return Object.entries(snapshot.targets).map(([target, view]) => {
    const ttft = usualTtft(view.latency)
    const { speed } = view.latency
    return {
      target,
      state: view.phase === 'closed' && view.share < 1 ? 'returning' : view.phase,
      reason: view.reason,
      since: view.since,
      ...(view.phase === 'open' && { nextTrial: view.openUntil }),
      share: view.share,
      errorRate: view.errorRate,
      ...(ttft && { ttftMs: { p50: Math.round(median(ttft)), p95: Math.round(p95(ttft)) } }),
      ...(speed && { tokensPerS: { p50: Math.round(median(speed)) } }),
    }
  })
}

/** Of the prompt size that is asked for most. */
const usualTtft = (latency: LatencyView): LogNormal | undefined =>
  latency.ttft.reduce((most, one) => ((one?.n ?? 0) > (most?.n ?? 0) ? one : most), undefined)
