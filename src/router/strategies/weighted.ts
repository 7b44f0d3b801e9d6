import type { Strategy } from '../candidate.ts'
import { smooth } from './smooth.ts'

/** By weight, less of it to a target that is somewhat ill. A returning target's share is kept by its breaker already. */
export const weighted: Strategy = (candidates, context) =>
  smooth(candidates, (candidate) => candidate.weight * candidate.health, context)
