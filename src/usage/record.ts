import { dayOf } from '../catalog/civil-date.ts'
import type { Cost } from '../catalog/cost.ts'
import type { PriceOf } from '../catalog/pricing.ts'
import { mayBeBilled, spentOn } from '../gateway/attempt/spent.ts'
import type { Attempted, Facts, Settled, Tags } from '../gateway/types.ts'
import { ownSearch } from '../protocol/chat-usage.ts'
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
  /** Unix milliseconds. */
  readonly startedAt: number
  /** Roughly, for an answer that ends without saying what it used. */
  readonly promptTokens: number
}

export interface AttemptRecord {
  readonly provider: string
  readonly model: string
  readonly ms: number
  readonly failure: FailureKind | undefined
  /** What other calls of it used, if one of several failed, and what that cost. */
  readonly spent?: Bought
  /** Its provider may bill more than is known. */
  readonly unsettled: boolean
}

/** What something cost; an amount that is undefined is not known, which is not the same as nothing. */
interface Costs {
  /** What the operator pays. */
  readonly picoUsd: bigint | undefined
  /** Set where the provider bills the caller's own key: that costs the operator nothing. */
  readonly own?: { readonly picoUsd: bigint | undefined } | undefined
}
interface Bought extends Costs {
  readonly usage: Usage
  readonly estimated: boolean
}

/** All that is kept of one request. No content, no key. */
export interface UsageRecord extends Omit<About, 'promptTokens'>, Costs {
  /** `env=prod,team=search`: all tags as one text, in order. */
  readonly tag: string
  /** Of the isolate that served it; with `sequence`, unique. */
  readonly isolate: string
  readonly sequence: number
  readonly provider: string
  /** The model that served; empty if none did. */
  readonly model: string
  readonly tier: string
  readonly usage: Usage | undefined
  /** Some of `usage` was counted here, since the answer did not say, or its price is an estimate. */
  readonly estimated: boolean
  /** What an answer out of a cache would have used again. */
  readonly saved: Usage | undefined
  /** What the answer would have cost the operator, had it not come out of a cache. */
  readonly savedPicoUsd: bigint
  /** And what it would have cost a caller whose own key the provider bills. */
  readonly ownSavedPicoUsd: bigint
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
  const { promptTokens, ...known } = about
  const usage = settled.usage ?? estimateOf(settled, promptTokens)
  const date = dayOf(about.startedAt)
  const price = (used: Usage | undefined): Cost | undefined => moneyFor(facts, used, date, priceOf)
  const money = price(usage)
  return {
    ...known,
    tag: tagOf(settled.tags),
    isolate: at.isolate,
    sequence: at.sequence,
    ...servedBy(facts),
    usage,
    estimated: isEstimated(usage, money),
    ...(isFree(settled) ? NOTHING : costsOf(money, facts?.ownKey)),
    ...savedBy(settled, price),
    ttftMs: ttftOf(attempts, about.startedAt),
    durationMs: Math.max(0, at.now - about.startedAt),
    attempts: attempts.map((each) => attemptRecord(each, date, priceOf)),
    finish,
    status: finish === 'refused' ? (error?.status ?? 500) : 200,
    error: error?.code,
  }
}

function servedBy(facts: Facts | undefined): Pick<UsageRecord, 'provider' | 'model' | 'tier'> {
  if (facts === undefined) return { provider: '', model: '', tier: '' }
  const { target, served } = facts
  return { provider: target.provider, model: modelOf(facts), tier: served.tier ?? '' }
}

const modelOf = ({ served, target }: Facts): string => served.model ?? target.model

const isEstimated = (usage: Usage | undefined, money: Cost | undefined): boolean =>
  usage?.estimated === true || money?.estimated === true

const NOTHING: Costs = { picoUsd: 0n }

const costsOf = (money: Cost | undefined, ownKey: boolean | undefined): Costs =>
  ownKey === true ? { picoUsd: 0n, own: { picoUsd: money?.picoUsd } } : { picoUsd: money?.picoUsd }

/** What nobody served cost nothing; nor does a kept answer, whether or not anybody knows its price. */
const isFree = ({ facts, cache }: Settled): boolean => facts === undefined || cache?.ageSeconds !== undefined

function savedBy(
  { cache, facts }: Settled,
  price: (used: Usage | undefined) => Cost | undefined,
): Pick<UsageRecord, 'saved' | 'savedPicoUsd' | 'ownSavedPicoUsd'> {
  const picoUsd = price(cache?.saved)?.picoUsd ?? 0n
  const own = facts?.ownKey === true
  return { saved: cache?.saved, savedPicoUsd: own ? 0n : picoUsd, ownSavedPicoUsd: own ? picoUsd : 0n }
}

/** Whatever a request was tagged with stands in one row: it is not counted once per tag. The first are the key's own. */
function tagOf(tags: Tags | undefined): string {
  const texts = Object.entries(tags ?? {}).map(([name, value]) => `${name}=${value.replaceAll(',', ' ')}`)
  return texts.slice(0, TAGS_MAX).toSorted().join(',')
}
const TAGS_MAX = 8

/** Text that has passed is paid for although the answer did not end: counted by its characters. */
function estimateOf({ facts, writtenTokens, estimate }: Settled, promptTokens: number): Usage | undefined {
  if (facts === undefined || writtenTokens === undefined) return undefined
  if (estimate !== undefined) return estimate
  return {
    inputTokens: promptTokens,
    outputTokens: writtenTokens,
    ...ownSearch(modelOf(facts)),
    estimated: true,
  }
}

function moneyFor(
  facts: Facts | undefined,
  usage: Usage | undefined,
  date: string,
  priceOf: PriceOf,
): Cost | undefined {
  if (facts === undefined || usage === undefined) return undefined
  const { card, served, target } = facts
  return priceOf({ card, served, model: target.model, usage, date })
}

/** From the request's arrival to the first event of the attempt that served it. */
function ttftOf(attempts: readonly Attempted[], startedAt: number): number | undefined {
  const won = attempts.find(({ failure }) => failure === undefined)
  return won && Math.max(0, won.startedAt + won.ms - startedAt)
}

function attemptRecord(attempt: Attempted, date: string, priceOf: PriceOf): AttemptRecord {
  const { target, ms, failure } = attempt
  const { provider, model } = target
  const made = { provider, model, ms, failure: failure?.kind, unsettled: mayBeBilled(attempt) }
  const spent = spentOn(attempt)
  if (spent === undefined) return made
  const { usage } = spent
  const money = priceOf({ ...spent, date })
  const costs = costsOf(money, attempt.spent?.ownKey)
  return { ...made, spent: { usage, estimated: isEstimated(usage, money), ...costs } }
}

/** The cost of a request with all that its attempts cost; an amount is undefined if a part of it is not known. */
export function totalOf(record: Costs & Pick<UsageRecord, 'attempts'>): Costs {
  const bought = [record, ...record.attempts.flatMap(({ spent }) => spent ?? [])]
  const own = bought.flatMap((each) => each.own ?? [])
  return { picoUsd: sumOf(bought), ...(own.length > 0 && { own: { picoUsd: sumOf(own) } }) }
}

function sumOf(amounts: readonly Pick<Costs, 'picoUsd'>[]): bigint | undefined {
  let total = 0n
  for (const { picoUsd } of amounts) {
    if (picoUsd === undefined) return undefined
    total += picoUsd
  }
  return total
}
