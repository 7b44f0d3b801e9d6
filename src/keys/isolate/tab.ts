import type { ModelCard } from '../../catalog/model-card.ts'
import type { PriceOf } from '../../catalog/pricing.ts'
import { GatewayError } from '../../errors.ts'
import { mayBeBilled, spentOn } from '../../gateway/attempt/spent.ts'
import type { Facts, Intent, Leave, Settled } from '../../gateway/types.ts'
import { ownSearch } from '../../protocol/chat-usage.ts'
import type { EndpointId } from '../../protocol/index.ts'
import { OUTPUT_FIELDS } from '../../protocol/output-fields.ts'
import type { Usage } from '../../protocol/usage.ts'
import { shapeOf } from '../worst-case/call-shape.ts'
import { type WorstCase, worstCase } from '../worst-case/estimate.ts'
import { measuresOf } from '../worst-case/measures.ts'
import type { Admitted, Defer, HeldKey, KeyRing } from './key-ring.ts'
import type { Actual, Reservation } from '../limits/lease.ts'
import type { Budgets } from '../record.ts'
import { refusalError } from '../refusal.ts'

/** The tab that one request runs up on a virtual key: opened before anything is sent, settled once it is over. */
export interface Tab {
  /** Sets the worst case aside. Throws what refuses the call. */
  readonly admit: (intent: Intent) => Promise<Leave>
  /** For a connection whose length and price nobody can know beforehand. Throws for a key that limits either. */
  readonly admitUnbounded: (callMs: number) => Promise<void>
  /** For a question about what was made, and paid for, before: a request that uses nothing. */
  readonly admitFree: (callMs: number) => Promise<void>
  /** Nanodollars that are set aside, once admitted: what is charged where the cost does not become known. */
  readonly reserved: number
  /** `x-ratelimit-*`, once admitted. */
  readonly headers: Readonly<Record<string, string>>
  /** How it ended; undefined if that is not known. Only the first time counts. */
  readonly settle: (settled: Settled | undefined) => void
}
export interface TabPorts {
  readonly ring: KeyRing
  readonly held: HeldKey
  /** YYYY-MM-DD on which the request came: its prices are those of that day. */
  readonly date: string
  /** What an answer costs in this deployment. */
  readonly priceOf: PriceOf
  readonly defer: Defer
}

const PICO_PER_NANO = 1_000n

export function openTab({ ring, held, date, priceOf, defer }: TabPorts, id: string): Tab {
  const { key } = held
  let admitted: Admitted | undefined
  let ownKey = false
  let worst: WorstCase | undefined
  let reserved = 0
  let headers: Readonly<Record<string, string>> = {}

  async function reserve(call: Omit<Reservation, 'id' | 'requests'>, callMs: number): Promise<void> {
    const admission = await ring.admit(held, { id, requests: 1, ...call }, { callMs, defer })
    if (!admission.ok) throw refusalError(admission.refusal)
    admitted = admission.admitted
    reserved = call.nanoUsd
    headers = admission.headers
  }

  return {
    get headers() {
      return headers
    },
    get reserved() {
      return reserved
    },
    async admit(intent) {
      ;({ ownKey } = intent)
      worst = worstOf(intent, capFor(intent.call.endpoint, key), date)
      const nanoUsd = ownKey ? 0 : (worst.nanoUsd ?? noPrice(key.budgets))
      await reserve({ tokens: worst.tokens, nanoUsd }, intent.totalMs)
      return { outputTokens: capOf(intent.cards, key.limits.maxOutputTokens) }
    },
    async admitUnbounded(callMs) {
      if (hasBudget(key.budgets) || key.limits.tokensPerMinute !== undefined) throw unbounded()
      await reserve({ tokens: 0, nanoUsd: 0 }, callMs)
    },
    admitFree: (callMs) => reserve({ tokens: 0, nanoUsd: 0 }, callMs),
    settle(settled) {
      if (admitted === undefined) return
      const actual = settled === undefined ? {} : actualOf(settled, ownKey, { date, priceOf, worst })
      ring.settle(admitted, actual, defer)
    },
  }
}

/** The key's cap on an answer, where it can be sent upstream: elsewhere nothing holds the model to it. */
const capFor = (endpoint: EndpointId, { limits }: HeldKey['key']): number | undefined =>
  OUTPUT_FIELDS[endpoint] === undefined ? undefined : limits.maxOutputTokens

function worstOf({ call, cards, autoTier }: Intent, keyCap: number | undefined, date: string): WorstCase {
  const { raw } = call
  const file = raw.kind !== 'json'
  const shape = shapeOf(call.request, {
    bytes: file ? 0 : raw.bytes.byteLength,
    endpoint: call.endpoint,
    file,
  })
  return worstCase({ shape, cards, outputCap: keyCap, date, measures: measuresOf(call), autoTier })
}

/** The key's cap, but never more than the smallest of the models takes; a model's own limit need not be said. */
function capOf(cards: Intent['cards'], keyCap: number | undefined): number | undefined {
  if (keyCap === undefined) return undefined
  const limits = cards.map((card: ModelCard | undefined) => card?.maxOutputTokens ?? Infinity)
  return limits.every((limit) => limit <= keyCap) ? undefined : Math.min(keyCap, ...limits)
}

const hasBudget = (budgets: Budgets): boolean => Object.values(budgets).some((limit) => limit !== undefined)

/** A price that nobody knows is never taken as zero where money is limited. */
function noPrice(budgets: Budgets): number {
  if (!hasBudget(budgets)) return 0
  throw new GatewayError(
    'not_allowed',
    'What this request could cost is not known, so a key with a budget may not make it.',
    { retry: false },
  )
}

function unbounded(): GatewayError {
  return new GatewayError(
    'not_allowed',
    'What this session could use has no bound, so a key with a budget or a token limit may not open it.',
    { retry: false },
  )
}

interface Rates {
  /** YYYY-MM-DD. */
  readonly date: string
  readonly priceOf: PriceOf
  readonly worst: WorstCase | undefined
}

/**
 * An answer that did not say what it used, or a stream that ended before it did: its input at the most that it can be, its output by what passed and a margin
 * for how roughly that is counted. Undefined where a model also makes what cannot be seen here.
 */
function counted(
  { writtenTokens }: Settled,
  { card, served, target }: Facts,
  worst: WorstCase | undefined,
): Usage | undefined {
  if (writtenTokens === undefined || card === undefined || worst === undefined || worst.searches)
    return undefined
  if (card.reasoning !== undefined || card.outputs.some((kind) => kind !== 'text')) return undefined
  const { inputTokens, tokens } = worst
  return {
    inputTokens,
    outputTokens: Math.min(tokens - inputTokens, Math.ceil(writtenTokens * COUNT_MARGIN)),
    ...ownSearch(served.model ?? target.model),
  }
}
const COUNT_MARGIN = 1.25

/** What a call came to. What is left out is not known: the whole worst case is charged then. */
function actualOf(settled: Settled, ownKey: boolean, { date, priceOf, worst }: Rates): Actual {
  const { attempts, facts } = settled
  if (attempts.some(mayBeBilled)) return ownKey ? { nanoUsd: 0 } : {}
  const answered = attempts.flatMap((each) => spentOn(each) ?? [])
  if (facts !== undefined) {
    const usage = settled.usage ?? facts.usage ?? counted(settled, facts, worst)
    if (usage === undefined) return ownKey ? { nanoUsd: 0 } : {}
    answered.push({ card: facts.card, model: facts.target.model, served: facts.served, usage })
  }
  const tokens = answered.reduce((sum, { usage }) => sum + tokensOf(usage), 0)
  if (ownKey) return { tokens, nanoUsd: 0 }
  let picoUsd = 0n
  for (const each of answered) {
    const price = priceOf({ ...each, date })
    if (price === undefined) return { tokens }
    picoUsd += price.picoUsd
  }
  return { tokens, nanoUsd: nanoUsdOf(picoUsd) }
}

/** Whole nanodollars, rounded up. */
export function nanoUsdOf(picoUsd: bigint): number {
  return Number((picoUsd + PICO_PER_NANO - 1n) / PICO_PER_NANO)
}

const tokensOf = ({ inputTokens, outputTokens }: Usage): number => inputTokens + outputTokens
