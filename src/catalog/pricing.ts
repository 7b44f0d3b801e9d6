import { card as cardOf } from './card.ts'
import { cost, type Cost } from './cost.ts'
import type { ModelCard } from './model-card.ts'
import type { ServiceTier } from './rates.ts'
import type { Usage } from '../protocol/usage.ts'

/** OpenAI's names for the tier that served; anything else has no price that we know. */
const TIERS: Readonly<Record<string, ServiceTier>> = {
  default: 'standard',
  standard: 'standard',
  auto: 'standard',
  flex: 'flex',
  priority: 'priority',
  fast: 'priority',
}

/**
 * What an answer cost, at the price of the model and tier that really served (catalog.md 10, rules 1 and 8).
 * Undefined, never zero, where a price is not known.
 */
export function priceOf(answer: {
  readonly card: ModelCard | undefined
  readonly served: { readonly model?: string | undefined; readonly tier?: string | undefined }
  readonly usage: Usage
  /** YYYY-MM-DD. */
  readonly date: string
}): Cost | undefined {
  const served = (answer.served.model === undefined ? undefined : cardOf(answer.served.model)) ?? answer.card
  const tier = TIERS[answer.served.tier ?? 'default']
  if (served === undefined || tier === undefined) return undefined
  return cost({ card: served, usage: answer.usage, date: answer.date, tier })
}
