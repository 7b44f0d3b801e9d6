import { servedBy } from './chat-usage.ts'
import type { ServedBy } from './endpoint.ts'
import { isRecord } from './guards.ts'
import type { ResponseObject } from './responses.ts'
import { believable, isCount, type Usage } from './usage.ts'

/** A response's usage in token classes (catalog.md 10), with the calls of built-in tools, which are billed by number. */
export function responsesUsage(response: ResponseObject): Usage | undefined {
  const { usage } = response
  if (usage === null || usage === undefined) return undefined
  const input = usage.input_tokens_details ?? {}
  const output = usage.output_tokens_details ?? {}
  return believable({
    inputTokens: usage.input_tokens,
    cachedTokens: count(input['cached_tokens']),
    cacheWriteTokens: count(input['cache_write_tokens']),
    outputTokens: usage.output_tokens,
    reasoningTokens: count(output['reasoning_tokens']),
    groundedPrompts: count(usage.server_tool_use?.grounded_prompts),
    searchQueries: count(usage.server_tool_use?.search_queries),
    ...toolCalls(response),
  })
}
const count = (value: unknown): number => (isCount(value) ? value : 0)

/** Which search tool was called is told by the request's tools alone: the items look the same. */
function toolCalls(response: ResponseObject): Partial<Usage> {
  const output: unknown = response.output
  const items = Array.isArray(output) ? output.filter(isRecord) : []
  const files = items.filter((item) => item['type'] === 'file_search_call').length
  // A search that Google made is billed by its own unit, which the usage names.
  const searches = response.usage?.server_tool_use === undefined ? items.filter(isSearch).length : 0
  const preview = (response.tools ?? []).some(
    (tool) => isRecord(tool) && String(tool['type']).startsWith('web_search_preview'),
  )
  return {
    ...(searches > 0 && { [preview ? 'previewSearches' : 'searches']: searches }),
    ...(files > 0 && { fileSearches: files }),
  }
}

/** Opening a page that was found is free; searching is not. */
function isSearch(item: Readonly<Record<string, unknown>>): boolean {
  if (item['type'] !== 'web_search_call') return false
  const action = item['action']
  return !isRecord(action) || action['type'] === undefined || action['type'] === 'search'
}

/** A response names itself, too: what is stored of it is asked for by that id. */
export function responseServedBy(response: ResponseObject): ServedBy {
  const { id } = response
  return { ...servedBy(response), ...(typeof id === 'string' && id !== '' && { id }) }
}
