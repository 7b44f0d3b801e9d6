import { dayOf } from '../catalog/civil-date.ts'
import type { Cost } from '../catalog/cost.ts'
import type { PriceOf } from '../catalog/pricing.ts'
import type { Attempted, Facts, Settled } from '../gateway/types.ts'
import type { Usage } from '../protocol/usage.ts'
import type { FailureKind } from '../providers/failure.ts'

/** What the HTTP layer knows of a request that its outcome does not say. */
export interface About {
  readonly requestId: string
  readonly tenant: string
  readonly keyId: string
  readonly endpoint: string
  /** The model as the caller named it. */
  readonly asked: string
  readonly route: string | undefined
  /** What the caller labelled the request with: one text, however many labels. */
  readonly tag: string
  /** Unix milliseconds. */
  readonly startedAt: number
  /** Roughly, for an answer that ends without saying what it used. */
  readonly promptTokens: number
  /** The answer came out of a cache: its provider was paid nothing. */
  readonly fromCache?: true
}

export interface AttemptRecord {
  readonly provider: string
  readonly model: string
  readonly ms: number
  readonly failure: FailureKind | undefined
}

/** All that is kept of one request. No content, no key. */
export interface UsageRecord extends Omit<About, 'promptTokens' | 'fromCache'> {
  /** Of the isolate that served it; with `sequence`, unique. */
  readonly isolate: string
  readonly sequence: number
  readonly provider: string
  /** The model that served; empty if none did. */
  readonly model: string
  readonly tier: string
  readonly usage: Usage | undefined
  /** `usage` was counted here, since the answer ended without any. */
  readonly estimated: boolean
  /** Undefined: no price is known, which is not the same as nothing. */
  readonly picoUsd: bigint | undefined
  /** What the answer would have cost, had it not come out of a cache. */
  readonly savedPicoUsd: bigint
  readonly ttftMs: number | undefined
  readonly durationMs: number
  readonly attempts: readonly AttemptRecord[]
  readonly finish: Settled['finish']
  readonly status: number
  readonly error: string | undefined
}

/** The books' line for a request that is over. */
export function recordOf(
  settled: Settled,
  about: About,
  at: { readonly isolate: string; readonly sequence: number; readonly now: number },
  priceOf: PriceOf,
): UsageRecord {
  const { facts, attempts, finish, error } = settled
  const { promptTokens, fromCache, ...known } = about
  const estimate = settled.usage === undefined ? estimateOf(settled, promptTokens) : undefined
  const usage = settled.usage ?? estimate
  const money = moneyFor(facts, usage, about.startedAt, priceOf)
  return {
    ...known,
    isolate: at.isolate,
    sequence: at.sequence,
    ...servedBy(facts),
    usage,
    estimated: estimate !== undefined || money?.estimated === true,
    ...paid(facts, money, fromCache === true),
    ttftMs: ttftOf(attempts, about.startedAt),
    durationMs: Math.max(0, at.now - about.startedAt),
    attempts: attempts.map(attemptRecord),
    finish,
    status: finish === 'refused' ? (error?.status ?? 500) : 200,
    error: error?.code,
  }
}

function servedBy(facts: Facts | undefined): Pick<UsageRecord, 'provider' | 'model' | 'tier'> {
  if (facts === undefined) return { provider: '', model: '', tier: '' }
  const { target, served } = facts
  return { provider: target.provider, model: served.model ?? target.model, tier: served.tier ?? '' }
}

/** A request that nobody served cost nothing; one that was served costs what is known, or is unpriced. */
function paid(
  facts: Facts | undefined,
  money: Cost | undefined,
  fromCache: boolean,
): Pick<UsageRecord, 'picoUsd' | 'savedPicoUsd'> {
  if (facts === undefined) return { picoUsd: 0n, savedPicoUsd: 0n }
  if (fromCache) return { picoUsd: 0n, savedPicoUsd: money?.picoUsd ?? 0n }
  return { picoUsd: money?.picoUsd, savedPicoUsd: 0n }
}

/** Text that has passed is paid for although the answer did not end: counted by its characters. */
function estimateOf({ facts, writtenTokens }: Settled, promptTokens: number): Usage | undefined {
  if (facts === undefined || writtenTokens === undefined) return undefined
  return { inputTokens: promptTokens, outputTokens: writtenTokens }
}

function moneyFor(
  facts: Facts | undefined,
  usage: Usage | undefined,
  startedAt: number,
  priceOf: PriceOf,
): Cost | undefined {
  if (facts === undefined || usage === undefined) return undefined
  const { card, served, target } = facts
  return priceOf({ card, served, model: target.model, usage, date: dayOf(startedAt) })
}

/** From the request's arrival to the first event of the attempt that served it. */
function ttftOf(attempts: readonly Attempted[], startedAt: number): number | undefined {
  const won = attempts.find(({ failure }) => failure === undefined)
  return won && Math.max(0, won.startedAt + won.ms - startedAt)
}

const attemptRecord = ({ target, ms, failure }: Attempted): AttemptRecord => ({
  provider: target.provider,
  model: target.model,
  ms,
  failure: failure?.kind,
})
