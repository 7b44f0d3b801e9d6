import { answerTo, randomId, stopAt } from '../answer.ts'
import type { Answer, Turn } from '../answer.ts'
import { withUsage } from '../deliver.ts'
import { arrayOf, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { cutToTokens, tokensOf } from '../tokens.ts'
import type { Exchange, Reply } from '../types.ts'
import { argumentsText, citation } from './completion.ts'
import type { Choice, Completion } from './completion.ts'
import type { Model } from './models.ts'
import { stream } from './stream.ts'
import { readTurn } from './turn.ts'
import { validate } from './validate.ts'

export function chat(exchange: Exchange): Reply {
  const model = validate(exchange)
  const request = objectOf(exchange.json)
  const completion = complete(exchange, request, model)
  if (request['stream'] === true) return stream(completion, request, exchange)
  return { kind: 'json', body: bodyOf(completion, exchange), usage: completion.usage }
}

function complete(exchange: Exchange, request: JsonObject, model: Model): Completion {
  const { clock, script } = exchange
  const turn = readTurn(request)
  const answer = answerTo(turn, script)
  const reasoning = script.thoughtsTokens ?? reasoningTokens(request, model)
  const limit = limitOf(request)
  const many = Number(request['n'] ?? 1)
  const choices = Array.from({ length: many }, (_, index) =>
    choose(index === 0 ? answer : { ...answer, text: `${answer.text} (choice ${index + 1})` }, {
      exchange,
      request,
      turn,
      room: limit - reasoning,
    }),
  )
  return {
    id: `chatcmpl-${randomId(29, clock.random)}`,
    created: Math.floor(clock.now() / 1_000),
    model: script.modelVersion ?? model.snapshot,
    tier: servedTier(textOf(request['service_tier'])),
    choices,
    usage: withUsage(usageOf(request, turn, choices, reasoning), script),
  }
}

interface Choosing {
  exchange: Exchange
  request: JsonObject
  turn: Turn
  /** Visible tokens left after reasoning, which max_completion_tokens includes: openai.md 2.1. */
  room: number
}

function choose(answer: Answer, { exchange, request, turn, room }: Choosing): Choice {
  const { script, clock } = exchange
  const stops = typeof request['stop'] === 'string' ? [request['stop']] : arrayOf(request['stop']).map(textOf)
  const whole = stopAt(answer.text, stops)
  const text = cutToTokens(whole, Math.max(0, room))
  const calls = (room > 0 ? answer.calls : []).map((call) => ({
    id: call.id ?? `call_${randomId(24, clock.random)}`,
    custom: turn.tools.some((tool) => tool.custom && tool.name === call.name),
    call,
  }))
  const natural =
    text.length < whole.length || room <= 0 ? 'length' : calls.length > 0 ? 'tool_calls' : 'stop'
  return { text, refusal: script.refusal, calls, finish: script.finishReason ?? natural }
}

function limitOf(request: JsonObject): number {
  const limit = request['max_completion_tokens'] ?? request['max_tokens']
  return typeof limit === 'number' ? limit : Infinity
}

/** Made-up but fixed amounts, so that a test can name them. */
const REASONING: Record<string, number> = {
  none: 0,
  minimal: 8,
  low: 32,
  medium: 64,
  high: 128,
  xhigh: 256,
  max: 512,
}

function reasoningTokens(request: JsonObject, model: Model): number {
  if (model.kind !== 'reasoning') return 0
  return REASONING[textOf(request['reasoning_effort']) || (model.effort ?? 'medium')] ?? 64
}

/** openai.md 2.1: fast is reported as priority; auto is resolved. */
function servedTier(asked: string): string {
  return { fast: 'priority', '': 'default', auto: 'default' }[asked] ?? asked
}

function usageOf(request: JsonObject, turn: Turn, choices: readonly Choice[], reasoning: number): JsonObject {
  const written =
    JSON.stringify(request['messages']).replaceAll(/data:[^"]*|"data":"[^"]*"/g, '') +
    JSON.stringify(request['tools'] ?? '')
  const prompt = tokensOf(written) + turn.media.length * 255
  const visible = choices.reduce(
    (sum, { text, refusal, calls }) =>
      sum +
      tokensOf(text + (refusal ?? '')) +
      calls.reduce((all, { call }) => all + tokensOf(argumentsText(call)) + 8, 0),
    0,
  )
  const output = visible + reasoning
  return {
    prompt_tokens: prompt,
    completion_tokens: output,
    total_tokens: prompt + output,
    prompt_tokens_details: {
      cached_tokens: /cached/i.test(turn.userText) ? Math.floor((prompt * 3) / 4) : 0,
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}

function bodyOf(completion: Completion, { script }: Exchange): Json {
  return {
    id: completion.id,
    object: 'chat.completion',
    created: completion.created,
    model: completion.model,
    choices: completion.choices.map((choice, index) => ({
      index,
      message: messageOf(choice, script.grounding !== undefined),
      logprobs: null,
      finish_reason: choice.finish,
    })),
    ...(script.noUsage === true ? {} : { usage: completion.usage }),
    service_tier: completion.tier,
    system_fingerprint: 'fp_sim',
  }
}

function messageOf(choice: Choice, cited: boolean): Json {
  const { text, refusal, calls } = choice
  return {
    role: 'assistant',
    content: refusal !== undefined || (calls.length > 0 && text === '') ? null : text,
    refusal: refusal ?? null,
    annotations: cited ? [citation(text)] : [],
    ...(calls.length > 0 ? { tool_calls: calls.map(callObject) } : {}),
  }
}

function callObject({ id, custom, call }: Choice['calls'][number]): Json {
  if (custom) return { id, type: 'custom', custom: { name: call.name, input: argumentsText(call) } }
  return { id, type: 'function', function: { name: call.name, arguments: argumentsText(call) } }
}
