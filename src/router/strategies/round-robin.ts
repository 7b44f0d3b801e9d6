import type { Strategy } from '../candidate.ts'
import { smooth } from './smooth.ts'

/** Each in its turn. */
export const roundRobin: Strategy = (candidates, context) => smooth(candidates, () => 1, context)
