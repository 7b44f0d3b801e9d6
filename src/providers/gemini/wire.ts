/**
 * What travels between the gateway and Google's `generateContent` (gemini.md 2 and 3). Requests are ours and
 * exact; in answers everything may be absent or null, and proto3-JSON leaves out zero, false and "".
 */

export interface Blob {
  readonly mimeType: string
  readonly data: string
}
export interface FunctionResponse {
  readonly id?: string
  readonly name: string
  readonly response: Readonly<Record<string, unknown>>
  readonly parts?: readonly { readonly inlineData: Blob }[]
}
/** Exactly one data field, and modifiers. */
export interface RequestPart {
  readonly text?: string
  readonly inlineData?: Blob
  readonly fileData?: { readonly mimeType?: string; readonly fileUri: string }
  readonly functionCall?: {
    readonly id?: string
    readonly name: string
    readonly args: Readonly<Record<string, unknown>>
  }
  readonly functionResponse?: FunctionResponse
  readonly thoughtSignature?: string
  readonly mediaResolution?: { readonly level: string }
  /** A server-side tool's part, sent back as it came. */
  readonly [verbatim: string]: unknown
}
export interface RequestContent {
  readonly role: 'user' | 'model'
  readonly parts: readonly RequestPart[]
}
export interface FunctionDeclaration {
  readonly name: string
  readonly description: string
  readonly parametersJsonSchema?: unknown
}
export type RequestTool =
  | { readonly functionDeclarations: readonly FunctionDeclaration[] }
  | { readonly googleSearch: Readonly<Record<string, never>> }
export interface ToolConfig {
  readonly functionCallingConfig?: {
    readonly mode: 'AUTO' | 'ANY' | 'NONE' | 'VALIDATED'
    readonly allowedFunctionNames?: readonly string[]
  }
  readonly includeServerSideToolInvocations?: true
  readonly retrievalConfig?: unknown
}
export interface ThinkingConfig {
  readonly thinkingBudget?: number
  readonly thinkingLevel?: string
  readonly includeThoughts?: boolean
}
export interface GenerationConfig {
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly maxOutputTokens?: number
  readonly stopSequences?: readonly string[]
  readonly seed?: number
  readonly presencePenalty?: number
  readonly frequencyPenalty?: number
  readonly responseMimeType?: string
  readonly responseJsonSchema?: unknown
  readonly responseModalities?: readonly string[]
  readonly responseFormat?: unknown
  readonly speechConfig?: unknown
  readonly thinkingConfig?: ThinkingConfig
  readonly imageConfig?: unknown
  readonly mediaResolution?: string
}
export interface GenerateContentRequest {
  readonly contents: readonly RequestContent[]
  readonly systemInstruction?: { readonly parts: readonly RequestPart[] }
  readonly tools?: readonly RequestTool[]
  readonly toolConfig?: ToolConfig
  readonly generationConfig?: GenerationConfig
  readonly safetySettings?: unknown
  readonly cachedContent?: string
  readonly serviceTier?: string
  readonly continuationToken?: string
}

type Maybe<T> = T | null | undefined

export interface AnswerPart {
  readonly text?: Maybe<string>
  readonly thought?: Maybe<boolean>
  readonly thoughtSignature?: Maybe<string>
  readonly inlineData?: Maybe<{ readonly mimeType?: Maybe<string>; readonly data?: Maybe<string> }>
  readonly functionCall?: Maybe<{
    readonly id?: Maybe<string>
    readonly name?: Maybe<string>
    readonly args?: unknown
  }>
  readonly executableCode?: Maybe<{ readonly language?: Maybe<string>; readonly code?: Maybe<string> }>
  readonly codeExecutionResult?: Maybe<{ readonly outcome?: Maybe<string>; readonly output?: Maybe<string> }>
  readonly toolCall?: unknown
  readonly toolResponse?: unknown
}
export interface GroundingChunk {
  readonly [kind: string]: Maybe<{ readonly uri?: Maybe<string>; readonly title?: Maybe<string> }>
}
export interface GroundingSupport {
  readonly segment?: Maybe<{
    readonly partIndex?: Maybe<number>
    readonly startIndex?: Maybe<number>
    readonly endIndex?: Maybe<number>
  }>
  readonly groundingChunkIndices?: Maybe<readonly number[]>
}
export interface GroundingMetadata {
  readonly webSearchQueries?: Maybe<readonly string[]>
  readonly searchEntryPoint?: Maybe<{ readonly renderedContent?: Maybe<string> }>
  readonly groundingChunks?: Maybe<readonly Maybe<GroundingChunk>[]>
  readonly groundingSupports?: Maybe<readonly Maybe<GroundingSupport>[]>
}
export interface Candidate {
  readonly index?: Maybe<number>
  readonly content?: Maybe<{ readonly parts?: Maybe<readonly Maybe<AnswerPart>[]> }>
  readonly finishReason?: Maybe<string>
  readonly finishMessage?: Maybe<string>
  readonly groundingMetadata?: Maybe<GroundingMetadata>
  readonly continuationToken?: Maybe<string>
}
export interface ModalityCount {
  readonly modality?: Maybe<string>
  readonly tokenCount?: unknown
}
/** Counters are numbers or, as int64, strings. */
export interface UsageMetadata {
  readonly promptTokenCount?: unknown
  readonly cachedContentTokenCount?: unknown
  readonly toolUsePromptTokenCount?: unknown
  readonly candidatesTokenCount?: unknown
  readonly thoughtsTokenCount?: unknown
  readonly totalTokenCount?: unknown
  readonly promptTokensDetails?: Maybe<readonly Maybe<ModalityCount>[]>
  readonly cacheTokensDetails?: Maybe<readonly Maybe<ModalityCount>[]>
  readonly candidatesTokensDetails?: Maybe<readonly Maybe<ModalityCount>[]>
  readonly serviceTier?: Maybe<string>
}
export interface PromptFeedback {
  readonly blockReason?: Maybe<string>
  readonly blockReasonMessage?: Maybe<string>
}
/** The whole answer, or one event of a stream: both have this shape. */
export interface GenerateContentResponse {
  readonly candidates?: Maybe<readonly Maybe<Candidate>[]>
  readonly promptFeedback?: Maybe<PromptFeedback>
  readonly usageMetadata?: Maybe<UsageMetadata>
  readonly modelVersion?: Maybe<string>
  readonly responseId?: Maybe<string>
  /** In place of an answer, inside a 200 (gemini.md 1.4). */
  readonly error?: unknown
}
/** Without `alt=sse`, and from some proxies, the object comes in an array. */
export type Answer = GenerateContentResponse | readonly GenerateContentResponse[] | null
