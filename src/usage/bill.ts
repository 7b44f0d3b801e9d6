import { formatUsd } from '../catalog/money.ts'
import type { Answered, PriceOf } from '../catalog/pricing.ts'
import type { Bill } from '../protocol/endpoint.ts'
import { usageList } from './counters.ts'

/** What an answer cost and used, in words. */
export function billOf(priceOf: PriceOf, answer: Answered): Bill {
  const price = priceOf(answer)
  return { usd: price && formatUsd(price.picoUsd), list: usageList(answer.usage) }
}
