import { card as cardOf } from './card.ts'
import { cost, type Cost } from './cost.ts'
import type { ModelCard } from './model-card.ts'
import { type Overrides, overriddenCard } from './overrides.ts'
import type { ServiceTier } from './rates.ts'
import type { Usage, UsagePart } from '../protocol/usage.ts'

/** OpenAI's names for the tier that served; anything else has no price that we know. */
const TIERS: Readonly<Record<string, ServiceTier>> = {
  default: 'standard',
  standard: 'standard',
  auto: 'standard',
  flex: 'flex',
  priority: 'priority',
  fast: 'priority',
}

export interface Answered {
  readonly card: ModelCard | undefined
  readonly served: {
    readonly model?: string | undefined
    readonly tier?: string | undefined
    readonly regional?: boolean | undefined
  }
  /** The model that the request was sent to, for one that the catalog does not list. */
  readonly model?: string | undefined
  readonly usage: Usage
  /** YYYY-MM-DD. */
  readonly date: string
}
/** What an answer cost; undefined, never zero, where a price is not known. */
export type PriceOf = (answer: Answered) => Cost | undefined

/**
 * Prices an answer by the model and tier that really served (catalog.md 10, rules 1 and 8), at the operator's own
 * price where there is one.
 */
export function createPricing(overrides: Overrides): PriceOf {
  const priceOne: PriceOf = ({ card, served, model, usage, date }) => {
    const listed = (served.model === undefined ? undefined : cardOf(served.model)) ?? card
    const priced = overriddenCard(overrides, { names: [served.model, model], card: listed, date })
    const tier = TIERS[served.tier ?? 'default']
    if (priced === undefined || tier === undefined) return undefined
    return cost({ card: priced, usage, date, tier, regional: served.regional === true })
  }
  return (answer) => {
    const { parts } = answer.usage
    return parts === undefined ? priceOne(answer) : total(parts.map((part) => priceOne(alone(answer, part))))
  }
}

/** A call as if it had been the only one: a long prompt makes its own price higher, not that of others. */
function alone(answer: Answered, { model, ...usage }: UsagePart): Answered {
  if (model === undefined) return { ...answer, usage }
  return { card: undefined, served: { model }, model, usage, date: answer.date }
}

function total(costs: readonly (Cost | undefined)[]): Cost | undefined {
  const known = costs.filter((each) => each !== undefined)
  if (known.length < costs.length) return undefined
  return {
    picoUsd: known.reduce((sum, { picoUsd }) => sum + picoUsd, 0n),
    parts: known.flatMap(({ parts }) => parts),
    ...(known.some(({ estimated }) => estimated) && { estimated: true }),
  }
}
