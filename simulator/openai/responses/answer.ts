import { answerTo, randomId, stopAt } from '../../answer.ts'
import type { Call, Turn } from '../../answer.ts'
import { withUsage } from '../../deliver.ts'
import { arrayOf, given, objectOf, textOf } from '../../json.ts'
import type { Json, JsonObject } from '../../json.ts'
import { stripDirective } from '../../script.ts'
import { base64Bytes, cutToTokens, tokensOf } from '../../tokens.ts'
import type { Exchange } from '../../types.ts'
import { argumentsText } from '../completion.ts'
import type { Model } from '../models.ts'
import { contentText, inputText, itemsOf } from './input.ts'
import type { Memory } from './memory.ts'
import { effortOf } from './validate.ts'

const RESULTS = ['function_call_output', 'custom_tool_call_output']

/** openai.md 3.2 and 3.3 read into the neutral turn. */
function readTurn(body: JsonObject, memory: Memory): Turn {
  const items = itemsOf(body, memory)
  const lastAsked = items.findLastIndex(({ type }) => !RESULTS.includes(textOf(type)))
  const user = items.findLast(({ role }) => role === 'user')
  const format = objectOf(objectOf(body['text'])['format'])
  const schemas: Record<string, Json | undefined> = { json_object: {}, json_schema: format['schema'] ?? {} }
  return {
    userText: stripDirective(inputText(items)),
    media: mediaOf(user),
    results: items
      .slice(lastAsked + 1)
      .map(({ output }) => (typeof output === 'string' ? output : contentText(output))),
    tools: arrayOf(body['tools'])
      .map(objectOf)
      .filter(({ type }) => type === 'function' || type === 'custom')
      .map((tool) => ({
        name: textOf(tool['name']),
        schema: tool['parameters'] ?? undefined,
        custom: tool['type'] === 'custom',
      })),
    choice: choiceOf(body['tool_choice']),
    output: schemas[textOf(format['type'])],
  }
}

function choiceOf(choice: Json | undefined): Turn['choice'] {
  if (typeof choice === 'string')
    return { kind: choice === 'none' ? 'none' : choice === 'required' ? 'must' : 'auto' }
  const chosen = objectOf(choice)
  if (chosen['type'] === 'allowed_tools') {
    const names = arrayOf(chosen['tools']).map((tool) => textOf(objectOf(tool)['name']))
    return { kind: chosen['mode'] === 'required' ? 'must' : 'auto', names }
  }
  const name = textOf(chosen['name'])
  return name === '' ? { kind: 'auto' } : { kind: 'must', names: [name] }
}

function mediaOf(message: JsonObject | undefined): Turn['media'] {
  return arrayOf(message?.['content'])
    .map(objectOf)
    .flatMap((part) => {
      const url = textOf(part['image_url']) || textOf(part['file_data'])
      const data = /^data:([^;,]*)[^,]*,(.*)$/s.exec(url)
      if (data !== null) return [{ mime: data[1] ?? '', bytes: base64Bytes(data[2] ?? '') }]
      const other = part['type'] === 'input_image' || part['type'] === 'input_file'
      return other ? [{ mime: url || textOf(part['file_url']) || 'file', bytes: 0 }] : []
    })
}

/** Made-up but fixed amounts, the same as on chat. */
const REASONING: Record<string, number> = {
  none: 0,
  minimal: 8,
  low: 32,
  medium: 64,
  high: 128,
  xhigh: 256,
  max: 512,
}

/** The finished response: openai.md 3.4. */
export function respond(exchange: Exchange, model: Model, memory: Memory): JsonObject {
  const body = objectOf(exchange.json)
  const { clock, script } = exchange
  const turn = readTurn(body, memory)
  const reasoning = script.thoughtsTokens ?? REASONING[effortOf(body, model)] ?? 64
  const limit = typeof body['max_output_tokens'] === 'number' ? body['max_output_tokens'] : Infinity
  const { items, cut } = outputOf(exchange, { body, turn, model, room: limit - reasoning })
  const reason = script.finishReason ?? (cut ? 'length' : 'stop')
  const usage = usageOf(body, items, reasoning)
  return {
    ...shell(exchange, model),
    ...ENDINGS[reason],
    ...(reason === 'failed' ? { error: failure(exchange) } : {}),
    completed_at: reason === 'stop' ? Math.floor(clock.now() / 1_000) : null,
    output: items,
    usage: script.noUsage === true ? null : withUsage(usage, script),
  }
}

const ENDINGS: Record<string, JsonObject> = {
  length: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
  content_filter: { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
  failed: { status: 'failed' },
}

export function failure({ script }: Exchange): JsonObject {
  return { code: script.error ?? 'server_error', message: script.message ?? 'The model failed to answer.' }
}

/** The members that a response echoes from its request: openai.md 3.4. */
function shell({ json, clock, script }: Exchange, model: Model): JsonObject {
  const body = objectOf(json)
  const { effort, summary } = objectOf(body['reasoning'])
  return {
    ...UNSAID,
    ...Object.fromEntries(Object.entries(body).filter(([name, value]) => name in UNSAID && value !== null)),
    id: `resp_${randomId(48, clock.random)}`,
    object: 'response',
    created_at: Math.floor(clock.now() / 1_000),
    status: 'completed',
    model: script.modelVersion ?? model.snapshot,
    reasoning: { effort: effort ?? model.effort ?? null, summary: summary ?? null },
    service_tier: tierOf(textOf(body['service_tier'])),
    text: { ...objectOf(UNSAID['text']), ...objectOf(body['text']) },
    tools: arrayOf(body['tools']).map((tool) =>
      objectOf(tool)['type'] === 'function' ? { strict: true, ...objectOf(tool) } : tool,
    ),
  }
}

/** What is echoed of members that a request leaves out. */
const UNSAID: JsonObject = {
  background: false,
  completed_at: null,
  error: null,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  output: [],
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  safety_identifier: null,
  store: true,
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  usage: null,
  user: null,
  metadata: {},
}

function tierOf(asked: string): string {
  return { fast: 'priority', '': 'default', auto: 'default' }[asked] ?? asked
}

interface Making {
  body: JsonObject
  turn: Turn
  model: Model
  /** Visible tokens left after reasoning. */
  room: number
}

/** Reasoning first, then searches, then the message or the calls: the order seen on the wire. */
function outputOf(
  exchange: Exchange,
  { body, turn, model, room }: Making,
): { items: JsonObject[]; cut: boolean } {
  const { script, clock } = exchange
  const id = (prefix: string): string => `${prefix}_${randomId(48, clock.random)}`
  const answer = answerTo(turn, script)
  const whole = stopAt(script.refusal ?? answer.text, [])
  const text = cutToTokens(whole, Math.max(0, room))
  const items: JsonObject[] = []
  if (model.kind !== 'chat' && effortOf(body, model) !== 'none') items.push(reasoningItem(body, id))
  const searches = arrayOf(body['tools']).some((tool) =>
    textOf(objectOf(tool)['type']).startsWith('web_search'),
  )
  if (searches) items.push(searchItem(turn.userText, id))
  if (text !== '') items.push(messageItem(text, script.refusal !== undefined, searches, id))
  for (const call of room > 0 ? answer.calls : []) items.push(callItem(call, turn, id))
  return { items, cut: text.length < whole.length || room <= 0 }
}

function callItem(call: Call, turn: Turn, id: (prefix: string) => string): JsonObject {
  const custom = turn.tools.some((tool) => tool.custom && tool.name === call.name)
  return {
    id: id(custom ? 'ctc' : 'fc'),
    type: custom ? 'custom_tool_call' : 'function_call',
    status: 'completed',
    call_id: call.id ?? id('call').slice(0, 29),
    name: call.name,
    [custom ? 'input' : 'arguments']: argumentsText(call),
  }
}

function reasoningItem(body: JsonObject, id: (prefix: string) => string): JsonObject {
  const summarised = given(objectOf(body['reasoning']), 'summary')
  const encrypted = arrayOf(body['include']).includes('reasoning.encrypted_content')
  return {
    id: id('rs'),
    type: 'reasoning',
    summary: summarised ? [{ type: 'summary_text', text: 'Thinking about the question.' }] : [],
    ...(encrypted ? { encrypted_content: `gAAA${id('sim')}` } : {}),
  }
}

function searchItem(query: string, id: (prefix: string) => string): JsonObject {
  return {
    id: id('ws'),
    type: 'web_search_call',
    status: 'completed',
    action: { type: 'search', query, queries: [query] },
  }
}

function messageItem(
  text: string,
  refused: boolean,
  cited: boolean,
  id: (prefix: string) => string,
): JsonObject {
  const annotation = {
    type: 'url_citation',
    start_index: 0,
    end_index: text.length,
    url: 'https://example.com/a',
    title: 'A',
  }
  return {
    id: id('msg'),
    type: 'message',
    status: 'completed',
    role: 'assistant',
    content: [
      refused
        ? { type: 'refusal', refusal: text }
        : { type: 'output_text', text, annotations: cited ? [annotation] : [], logprobs: [] },
    ],
  }
}

function usageOf(body: JsonObject, items: readonly JsonObject[], reasoning: number): JsonObject {
  const written = JSON.stringify([body['input'], body['instructions'] ?? '', body['tools'] ?? ''])
  const input = tokensOf(written.replaceAll(/data:[^"]*/g, ''))
  const visible = items.reduce(
    (sum, { content, arguments: args }) =>
      sum +
      arrayOf(content).reduce<number>(
        (all, part) => all + tokensOf(textOf(objectOf(part)['text']) || textOf(objectOf(part)['refusal'])),
        0,
      ) +
      tokensOf(textOf(args)),
    0,
  )
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: /cached/i.test(written) ? Math.floor((input * 3) / 4) : 0,
      cache_write_tokens: 0,
    },
    output_tokens: visible + reasoning,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + visible + reasoning,
  }
}
