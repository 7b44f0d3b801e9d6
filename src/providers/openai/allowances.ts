import type { Allowance } from '../provider.ts'

const RESOURCES = ['requests', 'tokens'] as const
const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g

/** OpenAI's `x-ratelimit-*` headers (openai.md 1.2). */
export function allowances(headers: Headers): readonly Allowance[] {
  return RESOURCES.flatMap((resource): Allowance[] => {
    const remaining = headers.get(`x-ratelimit-remaining-${resource}`)
    const limit = headers.get(`x-ratelimit-limit-${resource}`)
    const reset = headers.get(`x-ratelimit-reset-${resource}`)
    if (remaining === null || limit === null || reset === null) return []
    const allowance = { limit: Number(limit), remaining: Number(remaining), resetMs: durationMs(reset) }
    return Object.values(allowance).every(Number.isFinite) ? [allowance] : []
  })
}

/** `6m0s`, `120ms`, `1h2m3.5s`: the time until the full reset. */
function durationMs(text: string): number {
  let sum = 0
  for (const [, value, unit] of text.matchAll(DURATION))
    sum += Number(value) * (UNITS_MS[unit ?? ''] ?? Number.NaN)
  return sum
}
