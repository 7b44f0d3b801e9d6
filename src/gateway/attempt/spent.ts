import type { Answered } from '../../catalog/pricing.ts'
import type { Attempted } from '../types.ts'

/** What the calls of a failed attempt used that were answered, and of which model; undefined if nothing is known. */
export function spentOn({ target, spent }: Attempted): Omit<Answered, 'date'> | undefined {
  if (spent?.usage === undefined) return undefined
  return { card: spent.card, model: target.model, served: spent.served, usage: spent.usage }
}

/**
 * Whether an attempt that failed may be billed for more than `spentOn` says: an upstream that refuses, or is not
 * reached, bills nothing; one that was left, or fell silent, may.
 */
export function mayBeBilled({ failure, spent }: Attempted): boolean {
  if (spent?.unknown === true) return true
  if (failure === undefined || failure.kind === 'network') return false
  return failure.status === undefined || failure.status < 400
}
