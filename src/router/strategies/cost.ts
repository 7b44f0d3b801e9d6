import type { Strategy } from '../candidate.ts'
import { despiteFailures } from './expect.ts'
import { powerLaw } from './power-law.ts'

/** Nearly greedy: half the price wins 256 times in 257. */
const POWER = 8

/** The cheapest expected cost of this request, failures included. Unpriced models come last. */
export const cost: Strategy = (candidates, context) =>
  powerLaw(candidates, (c) => despiteFailures(c, c.costNano ?? Infinity), POWER, context.random)
