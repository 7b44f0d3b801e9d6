import type { UsageQuery } from '../../../src/usage/ask.ts'
import type { Counters } from '../../../src/usage/counters.ts'
import type { Entry, Place } from '../../../src/usage/entry.ts'

export const DAY_MS = 86_400_000
export const RETENTION = { minute: 2 * DAY_MS, hour: 90 * DAY_MS, day: 1_100 * DAY_MS }
export const START = Date.UTC(2026, 10, 24, 10)

export const place = (change: Partial<Place> = {}): Place => ({
  tenant: 't',
  key: 'k',
  provider: 'openai',
  model: 'gpt-4o-mini',
  route: '',
  endpoint: 'chat',
  tag: '',
  ...change,
})
export const entry = (counters: Counters, change: Partial<Place> = {}, at = START): Entry => ({
  at,
  parts: [{ place: place(change), counters: { requests: 1, ...counters } }],
})
export const ask = (change: Partial<UsageQuery> = {}): UsageQuery => ({
  period: 'hour',
  from: START - DAY_MS,
  to: START + DAY_MS,
  groupBy: [],
  filters: {},
  ...change,
})
