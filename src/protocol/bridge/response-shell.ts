import { randomText } from '../../lib/chance.ts'
import type { ChatUsage } from '../chat.ts'
import { isRecord } from '../guards.ts'
import type { ResponseObject, ResponsesRequest, ResponsesUsage } from '../responses.ts'
import type { BridgeContext } from './bridge.ts'

/** Ids of ours are told from OpenAI's by this, wherever they come back. */
const OWN = 'resp_gw'

/** Whether a response was made by a bridge, and OpenAI knows nothing of it. */
export function isOwnResponse(id: string): boolean {
  return id.startsWith(OWN)
}

/** What a request leaves out, as OpenAI's own answers say it (openai.md 3.4). */
const UNSAID = {
  background: false,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  safety_identifier: null,
  service_tier: 'default',
  store: true,
  temperature: 1,
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
} as const

/** A response that has begun: what it echoes of its request, and nothing said yet. */
export function beginResponse(
  request: ResponsesRequest,
  { chance }: BridgeContext,
  created: number,
): ResponseObject {
  const echoed = Object.fromEntries(
    Object.entries(UNSAID).map(([name, unsaid]) => [name, request[name] ?? unsaid]),
  )
  const reasoning = isRecord(request.reasoning) ? request.reasoning : {}
  const text = isRecord(request.text) ? request.text : {}
  return {
    ...echoed,
    id: `${OWN}${randomText(chance, 40)}`,
    object: 'response',
    created_at: created,
    status: 'in_progress',
    completed_at: null,
    error: null,
    incomplete_details: null,
    model: request.model,
    output: [],
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    text: { format: text['format'] ?? { type: 'text' }, verbosity: text['verbosity'] ?? 'medium' },
    usage: null,
  }
}

/** Chat's usage under the names of Responses (openai.md 3.5); every member is there, zero or not. */
export function toResponsesUsage(usage: ChatUsage | null | undefined): ResponsesUsage | null {
  if (usage === null || usage === undefined) return null
  const input = usage.prompt_tokens_details ?? {}
  const output = usage.completion_tokens_details ?? {}
  return {
    input_tokens: usage.prompt_tokens,
    input_tokens_details: {
      cached_tokens: input['cached_tokens'] ?? 0,
      cache_write_tokens: input['cache_write_tokens'] ?? 0,
    },
    output_tokens: usage.completion_tokens,
    output_tokens_details: { reasoning_tokens: output['reasoning_tokens'] ?? 0 },
    total_tokens: usage.total_tokens,
    ...(usage.server_tool_use && { server_tool_use: usage.server_tool_use }),
  }
}
