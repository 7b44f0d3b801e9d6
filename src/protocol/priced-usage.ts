import { patchJson, scanJson } from '../lib/json-scan.ts'
import type { ChatRequest, ChatUsage } from './chat.ts'
import { toUsage } from './chat-usage.ts'
import type { Bill } from './endpoint.ts'
import type { Usage } from './usage.ts'

interface UsageEvent {
  readonly usage?: ChatUsage | null | undefined
}

/** A caller who asked for usage finds in it what the answer cost, as `usage.cost`: US dollars, null if unknown. */
export function pricedUsage(request: {
  readonly stream_options?: ChatRequest['stream_options']
}): ((event: UsageEvent, data: string, bill: (usage: Usage) => Bill) => string) | undefined {
  if (request.stream_options?.include_usage !== true) return undefined
  return (event, data, bill) => {
    const usage = toUsage(event.usage)
    if (usage === undefined) return data
    const { usd } = bill(usage)
    const priced = { ...event.usage, cost: usd === undefined ? null : Number(usd) }
    return patchJson(data, scanJson(data), { set: { usage: priced }, drop: [] })
  }
}
