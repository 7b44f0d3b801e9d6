/** The Responses API as OpenAI defines it (openai.md 3). Unknown fields are allowed everywhere: tomorrow's pass today. */

/** An item of the input or the output; which members it has is checked by whoever reads them. */
export interface Item {
  readonly type?: string | undefined
  readonly id?: string | undefined
}

/** Only `model` and the kind of `input` are checked at the door; a translating codec checks what it reads. */
export interface ResponsesRequest {
  readonly model: string
  readonly input?: string | readonly Item[] | null | undefined
  readonly instructions?: string | null | undefined
  readonly previous_response_id?: string | null | undefined
  readonly store?: boolean | null | undefined
  readonly background?: boolean | null | undefined
  readonly stream?: boolean | null | undefined
  readonly max_output_tokens?: number | null | undefined
  readonly parallel_tool_calls?: boolean | null | undefined
  readonly tools?: readonly unknown[] | null | undefined
  readonly tool_choice?: unknown
  readonly text?: unknown
  readonly reasoning?: unknown
  readonly include?: readonly unknown[] | null | undefined
  readonly temperature?: number | null | undefined
  readonly top_p?: number | null | undefined
  readonly metadata?: unknown
  readonly truncation?: string | null | undefined
  readonly [field: string]: unknown
}

export interface SummaryPart {
  readonly type: 'summary_text'
  readonly text: string
}
/** `encrypted_content` is opaque to the caller, and must come back as it is. */
export interface ReasoningItem {
  readonly type: 'reasoning'
  readonly id: string
  readonly summary: readonly SummaryPart[]
  readonly encrypted_content?: string
  readonly status?: ItemStatus
}
export interface Citation {
  readonly type: 'url_citation'
  readonly url: string
  readonly title: string
  readonly start_index: number
  readonly end_index: number
}
export interface OutputText {
  readonly type: 'output_text'
  readonly text: string
  readonly annotations: readonly Citation[]
  readonly logprobs: readonly unknown[]
}
export interface OutputRefusal {
  readonly type: 'refusal'
  readonly refusal: string
}
export type OutputPart = OutputText | OutputRefusal
export interface MessageItem {
  readonly type: 'message'
  readonly id: string
  readonly role: 'assistant'
  readonly status: ItemStatus
  readonly content: readonly OutputPart[]
}
export interface FunctionCallItem {
  readonly type: 'function_call'
  readonly id: string
  readonly call_id: string
  readonly name: string
  readonly arguments: string
  readonly status: ItemStatus
}
export interface WebSearchItem {
  readonly type: 'web_search_call'
  readonly id: string
  readonly status: 'in_progress' | 'completed'
  readonly action: { readonly type: 'search'; readonly query: string; readonly queries: readonly string[] }
}
export interface ImageItem {
  readonly type: 'image_generation_call'
  readonly id: string
  readonly status: 'in_progress' | 'completed'
  readonly result: string | null
}
/** The items that a bridge makes; a relayed answer may hold any other. */
export type OutputItem = ReasoningItem | MessageItem | FunctionCallItem | WebSearchItem | ImageItem
export type ItemStatus = 'in_progress' | 'completed' | 'incomplete'

export interface ResponsesUsage {
  readonly input_tokens: number
  readonly input_tokens_details?: Readonly<Record<string, number | undefined>> | null | undefined
  readonly output_tokens: number
  readonly output_tokens_details?: Readonly<Record<string, number | undefined>> | null | undefined
  readonly total_tokens: number
  /** Ours: what Google bills besides tokens (per grounded prompt, or per search query). */
  readonly server_tool_use?:
    | { readonly grounded_prompts: number; readonly search_queries: number }
    | undefined
}

export type ResponseStatus = 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled'

export interface ResponseObject {
  readonly id: string
  readonly object: 'response'
  readonly created_at: number
  readonly status?: ResponseStatus | undefined
  readonly model: string
  readonly output: readonly Item[]
  readonly error?: { readonly code?: unknown; readonly message?: unknown } | null | undefined
  readonly incomplete_details?: { readonly reason?: string | undefined } | null | undefined
  readonly tools?: readonly unknown[] | null | undefined
  readonly usage?: ResponsesUsage | null | undefined
  readonly service_tier?: string | null | undefined
  /** Ours: the model that really served and is billed, where the upstream names it. */
  readonly model_version?: string | undefined
  readonly [field: string]: unknown
}

export interface ResponsesEvent {
  readonly type: string
  readonly sequence_number?: number | undefined
  readonly response?: ResponseObject | undefined
  readonly [field: string]: unknown
}

export interface ResponsesWire {
  readonly request: ResponsesRequest
  readonly response: ResponseObject
  readonly event: ResponsesEvent
}
