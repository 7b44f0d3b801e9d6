import type { Strategy } from '../candidate.ts'

/** As configured. */
export const priority: Strategy = (candidates) =>
  candidates.map((candidate, score) => ({ ...candidate, score }))
