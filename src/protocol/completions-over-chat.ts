import { GatewayError } from '../errors.ts'
import type { Decoder } from '../lib/sse.ts'
import type { Bridge } from './bridge/bridge.ts'
import type { ChatChunk, ChatCompletion, ChatRequest, ChatWire, FinishReason, Logprobs } from './chat.ts'
import { chat } from './chat-endpoint.ts'
import type { Completion, CompletionChoice, CompletionsRequest, CompletionsWire } from './completions.ts'
import { completionsFanOut } from './completions-fan-out.ts'
import { isRecord } from './guards.ts'

/** Legacy completions by a chat model: the prompt is the user's message, the answer's text the completion. */
export const completionsOverChat: Bridge<CompletionsWire, ChatWire> = {
  to: chat,
  request: (request) => ({ request: toChat(request), adapted: [], renamed: (text) => text }),
  response: fromChat,
  events,
  fanOut: completionsFanOut,
}

/** openai.md 5.6: what the endpoint gives where nothing is asked for. */
const DEFAULT_MAX_TOKENS = 16
/** Fields that chat has no place for, and the values that ask for nothing. */
const REFUSED: Readonly<Record<string, (value: unknown) => boolean>> = {
  echo: (value) => value === false,
  suffix: (value) => value === '',
  best_of: (value) => value === 1,
}

function toChat(request: CompletionsRequest): ChatRequest {
  const { prompt, logprobs, max_tokens: maxTokens, ...others } = request
  const kept: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(others)) {
    const harmless = Object.hasOwn(REFUSED, name) ? REFUSED[name] : undefined
    if (harmless === undefined) kept[name] = value
    else if (value !== undefined && value !== null && !harmless(value)) throw refused(name)
  }
  return {
    ...kept,
    model: request.model,
    messages: [{ role: 'user', content: typeof prompt === 'string' ? prompt : (prompt[0] ?? '') }],
    max_tokens: maxTokens ?? DEFAULT_MAX_TOKENS,
    ...(typeof logprobs === 'number' && { logprobs: true, top_logprobs: logprobs }),
  }
}

function refused(param: string): GatewayError {
  const message = `Unsupported parameter: '${param}' cannot be honoured: completions are served by chat models.`
  return new GatewayError('unsupported_parameter', message, { param })
}

function fromChat(response: ChatCompletion, request: CompletionsRequest): Completion {
  return {
    ...shared(response),
    model: response.model,
    choices: response.choices.map(({ index, message, logprobs, finish_reason }) =>
      choice(
        { index, text: message.content ?? message.refusal ?? '', finish: finish_reason, logprobs },
        request,
      ),
    ),
    usage: response.usage,
  }
}

/** Chunks without text say nothing here, but for the last of a choice and the one with the usage. */
function events(request: CompletionsRequest): Decoder<ChatChunk, Completion> {
  return {
    push(chunk, emit) {
      const choices = chunk.choices
        .map(({ index, delta, logprobs, finish_reason }) =>
          choice(
            { index, text: delta?.content ?? delta?.refusal ?? '', finish: finish_reason, logprobs },
            request,
          ),
        )
        .filter(({ text, finish_reason }) => text !== '' || finish_reason !== null)
      if (choices.length === 0 && (chunk.usage === null || chunk.usage === undefined)) return
      emit({
        ...shared(chunk),
        choices,
        ...(chunk.usage !== undefined && { usage: chunk.usage }),
      })
    },
    end: () => undefined,
  }
}

function shared(answer: ChatCompletion | ChatChunk): Omit<Completion, 'choices' | 'usage'> {
  const { id, created, model, model_version: version, service_tier: tier } = answer
  return {
    id: id.replace(/^chatcmpl-/, 'cmpl-'),
    object: 'text_completion',
    created,
    model,
    ...(version !== undefined && { model_version: version }),
    ...(tier !== undefined && { service_tier: tier }),
  }
}

interface Said {
  readonly index: number
  readonly text: string
  readonly finish: FinishReason | null
  readonly logprobs?: Logprobs | null | undefined
}

function choice({ index, text, finish, logprobs }: Said, request: CompletionsRequest): CompletionChoice {
  return {
    text,
    index: index ?? 0,
    logprobs: typeof request.logprobs === 'number' ? legacyLogprobs(logprobs) : null,
    finish_reason: finish,
  }
}

function legacyLogprobs(logprobs: Logprobs | null | undefined): CompletionChoice['logprobs'] {
  const content = logprobs?.content
  if (content === undefined || content === null) return null
  const tokens = content.map(readToken)
  let offset = 0
  return {
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top }) => top),
    text_offset: tokens.map(({ token }) => (offset += token.length) - token.length),
  }
}

interface Token {
  readonly token: string
  readonly logprob: number
  readonly top: Readonly<Record<string, number>>
}
function readToken(value: unknown): Token {
  const { token, logprob, top_logprobs: top } = isRecord(value) ? value : {}
  const others = Array.isArray(top) ? top.map(readToken) : []
  return {
    token: typeof token === 'string' ? token : '',
    logprob: typeof logprob === 'number' ? logprob : 0,
    top: Object.fromEntries(others.map((each) => [each.token, each.logprob])),
  }
}
