import type { Strategy } from '../candidate.ts'
import { despiteFailures, expectedSeconds } from './expect.ts'
import { powerLaw } from './power-law.ts'

const POWER = 4

/** Money and waiting in one number: nano-dollars, with a second at the route's price for it. */
export const balanced: Strategy = (candidates, context) =>
  powerLaw(
    candidates,
    (c) => despiteFailures(c, c.costNano ?? Infinity) + context.secondNano * expectedSeconds(c, context),
    POWER,
    context.random,
  )
