import type { Strategy } from '../candidate.ts'
import { balanced } from './balanced.ts'
import { cost } from './cost.ts'
import { latency } from './latency.ts'
import { priority } from './priority.ts'
import { roundRobin } from './round-robin.ts'
import { weighted } from './weighted.ts'

export const strategies = {
  priority,
  'round-robin': roundRobin,
  weighted,
  cost,
  latency,
  balanced,
} as const satisfies Readonly<Record<string, Strategy>>
export type StrategyName = keyof typeof strategies
