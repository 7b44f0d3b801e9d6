import { formatUsd } from '../catalog/money.ts'
import type { Answered, PriceOf } from '../catalog/pricing.ts'
import { spentOn } from '../gateway/attempt/spent.ts'
import type { Attempted } from '../gateway/types.ts'
import type { Bill } from '../protocol/endpoint.ts'
import { usageList } from './counters.ts'

/** What a request cost: its answer, and what attempts that failed before it were billed for. The tokens are the answer's. */
export function billOf(priceOf: PriceOf, answer: Answered, attempts: readonly Attempted[] = []): Bill {
  const { date, usage } = answer
  return { usd: dollarsOf(priceOf, [answer, ...spentIn(attempts, date)]), list: usageList(usage) }
}

/** What attempts cost that all failed: undefined if that is not known, and `NOTHING_SPENT` if they cost nothing. */
export function spentUsd(priceOf: PriceOf, attempts: readonly Attempted[], date: string): string | undefined {
  return dollarsOf(priceOf, spentIn(attempts, date))
}
export const NOTHING_SPENT = formatUsd(0n)

const spentIn = (attempts: readonly Attempted[], date: string): readonly Answered[] =>
  attempts.map(spentOn).flatMap((spent) => (spent === undefined ? [] : [{ ...spent, date }]))

function dollarsOf(priceOf: PriceOf, answers: readonly Answered[]): string | undefined {
  const prices = answers.map((answer) => priceOf(answer)?.picoUsd)
  const known = prices.filter((price) => price !== undefined)
  return known.length < prices.length ? undefined : formatUsd(known.reduce((sum, each) => sum + each, 0n))
}
