/** Chat Completions as OpenAI defines it (openai.md 2). Unknown fields are allowed everywhere: tomorrow's pass today. */

export interface TextPart {
  readonly type: 'text'
  readonly text: string
}
export interface ImagePart {
  readonly type: 'image_url'
  readonly image_url: { readonly url: string; readonly detail?: string | undefined }
}
export interface AudioPart {
  readonly type: 'input_audio'
  readonly input_audio: { readonly data: string; readonly format: string }
}
export interface FilePart {
  readonly type: 'file'
  readonly file: {
    readonly file_data?: string | undefined
    readonly filename?: string | undefined
    readonly file_id?: string | undefined
  }
}
export interface RefusalPart {
  readonly type: 'refusal'
  readonly refusal: string
}
/** An extension several gateways share: a video by URL or data URL. */
export interface VideoPart {
  readonly type: 'video_url'
  readonly video_url: { readonly url: string }
}
export type ContentPart = TextPart | ImagePart | AudioPart | FilePart | RefusalPart | VideoPart

/** Extension fields of Google's own compatibility layer; carries thought signatures (gemini.md 4.6). */
export interface ExtraContent {
  readonly google?:
    | {
        readonly thought_signature?: string | undefined
        /** Ours: the model family that can read the signature, and the kind of text part that it stood on. */
        readonly thought_signature_model?: string | undefined
        readonly thought_signature_part?: 'text' | 'empty_text' | undefined
        /** Ours: what Google's own tools did, to be sent back as it is. */
        readonly server_tool_parts?: readonly unknown[] | undefined
        /** Ours: what a search was for, and the HTML that Google's terms require to be shown with it. */
        readonly web_search_queries?: readonly string[] | undefined
        readonly search_entry_point?: string | undefined
        /** Ours: to go on with an answer that ended at the length of one (gemini.md 3.7). */
        readonly continuation_token?: string | undefined
      }
    | undefined
}
export interface FunctionToolCall {
  readonly id: string
  readonly type: 'function'
  readonly function: { readonly name: string; readonly arguments: string }
  readonly extra_content?: ExtraContent | undefined
}
export interface CustomToolCall {
  readonly id: string
  readonly type: 'custom'
  readonly custom: { readonly name: string; readonly input: string }
}
export type ToolCall = FunctionToolCall | CustomToolCall

/** One shape for all roles: which fields may stand together is checked by whoever reads them. */
export interface ChatMessage {
  readonly role: string
  readonly content?: string | readonly ContentPart[] | null | undefined
  readonly name?: string | undefined
  readonly refusal?: string | null | undefined
  readonly tool_calls?: readonly ToolCall[] | null | undefined
  readonly tool_call_id?: string | undefined
  readonly function_call?: { readonly name: string; readonly arguments: string } | null | undefined
  readonly audio?: { readonly id: string } | null | undefined
  readonly extra_content?: ExtraContent | undefined
}

export interface FunctionDefinition {
  readonly name: string
  readonly description?: string | undefined
  readonly parameters?: unknown
  readonly strict?: boolean | null | undefined
}
export type Tool =
  | { readonly type: 'function'; readonly function: FunctionDefinition }
  | { readonly type: 'custom'; readonly custom: { readonly name: string } }
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { readonly type: 'function'; readonly function: { readonly name: string } }
  | { readonly type: 'custom'; readonly custom: { readonly name: string } }
  | {
      readonly type: 'allowed_tools'
      readonly allowed_tools: {
        readonly mode: 'auto' | 'required'
        readonly tools: readonly { readonly type: string; readonly function?: { readonly name: string } }[]
      }
    }
export type ResponseFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema'
      readonly json_schema: {
        readonly name: string
        readonly description?: string | undefined
        readonly schema?: unknown
        readonly strict?: boolean | null | undefined
      }
    }

/** Only `model` and `messages` are checked at the door; a translating codec checks what it reads. */
export interface ChatRequest {
  readonly model: string
  readonly messages: readonly ChatMessage[]
  readonly stream?: boolean | null | undefined
  readonly stream_options?: { readonly include_usage?: boolean | null | undefined } | null | undefined
  readonly max_tokens?: number | null | undefined
  readonly max_completion_tokens?: number | null | undefined
  readonly temperature?: number | null | undefined
  readonly top_p?: number | null | undefined
  readonly n?: number | null | undefined
  readonly stop?: string | readonly string[] | null | undefined
  readonly seed?: number | null | undefined
  readonly presence_penalty?: number | null | undefined
  readonly frequency_penalty?: number | null | undefined
  readonly logprobs?: boolean | null | undefined
  readonly top_logprobs?: number | null | undefined
  readonly logit_bias?: Readonly<Record<string, number>> | null | undefined
  readonly response_format?: ResponseFormat | null | undefined
  readonly tools?: readonly Tool[] | null | undefined
  readonly tool_choice?: ToolChoice | null | undefined
  readonly parallel_tool_calls?: boolean | null | undefined
  readonly functions?: readonly FunctionDefinition[] | null | undefined
  readonly function_call?: 'none' | 'auto' | { readonly name: string } | null | undefined
  readonly reasoning_effort?: string | null | undefined
  readonly modalities?: readonly string[] | null | undefined
  readonly audio?:
    | { readonly voice: string | { readonly id: string }; readonly format: string }
    | null
    | undefined
  readonly web_search_options?: Readonly<Record<string, unknown>> | null | undefined
  readonly service_tier?: string | null | undefined
  readonly [field: string]: unknown
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'function_call'

export interface UrlCitation {
  readonly type: 'url_citation'
  readonly url_citation: {
    readonly url: string
    readonly title: string
    readonly start_index: number
    readonly end_index: number
  }
}
export interface AssistantMessage {
  readonly role: 'assistant'
  readonly content: string | null
  readonly refusal: string | null
  readonly tool_calls?: readonly ToolCall[]
  readonly function_call?: { readonly name: string; readonly arguments: string }
  readonly annotations?: readonly UrlCitation[]
  readonly audio?: {
    readonly id: string
    readonly data: string
    readonly transcript: string
    readonly expires_at: number
  } | null
  readonly reasoning_content?: string
  readonly images?: readonly AnswerImage[]
  readonly extra_content?: ExtraContent
}
/** An extension several gateways share: a picture that the model made. */
export interface AnswerImage {
  readonly type: 'image_url'
  readonly image_url: { readonly url: string }
  /** In streams only, where clients merge lists by it. */
  readonly index?: number
  readonly extra_content?: ExtraContent
}
export interface Logprobs {
  readonly content: readonly unknown[] | null
  readonly refusal: readonly unknown[] | null
}
export interface ChatChoice {
  readonly index: number
  readonly message: AssistantMessage
  readonly logprobs: Logprobs | null
  readonly finish_reason: FinishReason
  /** Ours: the upstream's own reason, where OpenAI's says less. */
  readonly native_finish_reason?: string
}
/** OpenAI's usage object (openai.md 2.7). cached ⊂ prompt, reasoning ⊂ completion. */
export interface ChatUsage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
  readonly prompt_tokens_details?: Readonly<Record<string, number | undefined>> | null | undefined
  readonly completion_tokens_details?: Readonly<Record<string, number | undefined>> | null | undefined
  /** Ours: what is billed besides tokens: by Google per grounded prompt or search query, by OpenAI per call. */
  readonly server_tool_use?:
    | {
        readonly grounded_prompts: number
        readonly search_queries: number
        readonly web_searches?: number | undefined
      }
    | undefined
}
export interface ChatCompletion {
  readonly id: string
  readonly object: 'chat.completion'
  readonly created: number
  readonly model: string
  readonly choices: readonly ChatChoice[]
  readonly usage?: ChatUsage | null | undefined
  readonly service_tier?: string | null | undefined
  readonly system_fingerprint?: string | null | undefined
  /** Ours: the model that really served and is billed, where the upstream names it. */
  readonly model_version?: string | undefined
}

export interface ToolCallDelta {
  readonly index: number
  readonly id?: string
  readonly type?: 'function' | 'custom'
  readonly function?: { readonly name?: string; readonly arguments?: string }
  readonly custom?: { readonly name?: string; readonly input?: string }
  readonly extra_content?: ExtraContent | undefined
}
export interface ChatDelta {
  readonly role?: 'assistant'
  readonly content?: string | null
  readonly refusal?: string | null
  readonly tool_calls?: readonly ToolCallDelta[]
  readonly function_call?: { readonly name?: string; readonly arguments?: string }
  readonly reasoning_content?: string
  readonly annotations?: readonly UrlCitation[]
  readonly images?: readonly AnswerImage[]
  readonly audio?: {
    readonly id?: string
    readonly data?: string
    readonly transcript?: string
    readonly expires_at?: number
  }
  readonly extra_content?: ExtraContent
}
export interface ChunkChoice {
  readonly index: number
  readonly delta: ChatDelta
  readonly logprobs?: Logprobs | null
  readonly finish_reason: FinishReason | null
  readonly native_finish_reason?: string
}
export interface ChatChunk {
  readonly id: string
  readonly object: 'chat.completion.chunk'
  readonly created: number
  readonly model: string
  readonly choices: readonly ChunkChoice[]
  readonly usage?: ChatUsage | null | undefined
  readonly service_tier?: string | null | undefined
  readonly model_version?: string | undefined
}
export interface ChatWire {
  readonly request: ChatRequest
  readonly response: ChatCompletion
  readonly event: ChatChunk
}
