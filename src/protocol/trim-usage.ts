import { patchJson, scanJson } from '../lib/json-scan.ts'
import type { ChatRequest } from './chat.ts'

interface UsageEvent {
  readonly choices: readonly unknown[]
  readonly usage?: unknown
}

/**
 * The gateway always asks the upstream for the usage of a stream. A caller who did not ask sees neither the extra
 * chunk nor the `usage: null` members that come with the option.
 */
export function trimUsage(request: {
  readonly stream_options?: ChatRequest['stream_options']
}): ((event: UsageEvent, data: string) => string | undefined) | undefined {
  if (request.stream_options?.include_usage === true) return undefined
  return (event, data) => {
    if (event.usage === undefined) return data
    if (event.choices.length === 0 && event.usage !== null) return undefined
    return withoutUsage(data)
  }
}

/** Takes the member out of the text, so that the rest of the event stays as it came. */
function withoutUsage(data: string): string {
  // Nearly always it is `null`, not the first member, and the only one of that name.
  if (data.indexOf('"usage"') === data.lastIndexOf('"usage"')) {
    const cut = data.replace(/,\s*"usage"\s*:\s*null/, '')
    if (cut !== data) return cut
  }
  return patchJson(data, scanJson(data), { set: {}, drop: ['usage'] })
}
