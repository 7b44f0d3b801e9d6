import { randomId } from '../../answer.ts'
import { arrayOf, objectOf, parseJson, textOf } from '../../json.ts'
import type { Json, JsonObject } from '../../json.ts'
import type { Script } from '../../script.ts'
import { pieces } from '../../tokens.ts'
import type { Exchange, Frame, Framing } from '../../types.ts'
import { faultBody } from '../errors.ts'
import { failure } from './answer.ts'

/** openai.md 3.8: named events, no end marker. */
export const FRAMING: Framing = {
  contentType: 'text/event-stream; charset=utf-8',
  frame: (data) => named(data, '\n'),
  close: '',
  failure: (script, index) => named(JSON.stringify(failureEvent(script, index)), '\n'),
}
export const CRLF: Framing = {
  ...FRAMING,
  frame: (data) => named(data, '\r\n'),
  failure: (script, index) => named(JSON.stringify(failureEvent(script, index)), '\r\n'),
}

function named(data: string, end: string): string {
  const type = textOf(objectOf(parseJson(data))['type']) || 'message'
  return `event: ${type}${end}data: ${data}${end}${end}`
}

/** The nested form seen on the wire; `bare` is the flat one of the specification. */
function failureEvent(script: Script, index: number): Json {
  const error = objectOf(objectOf(faultBody(script))['error'])
  const head = { type: 'error', sequence_number: index }
  return script.errorForm === 'bare'
    ? { ...head, code: error['code'], message: error['message'], param: error['param'] }
    : { ...head, error }
}

/** The events of openai.md 3.8, in the order seen on the wire, numbered. */
export function framesOf(response: JsonObject, exchange: Exchange): Frame[] {
  const begun: JsonObject = {
    ...response,
    status: response['background'] === true ? 'queued' : 'in_progress',
    incomplete_details: null,
    error: null,
    completed_at: null,
    output: [],
    usage: null,
  }
  const events: [Frame['kind'], JsonObject][] = [['head', { type: 'response.created', response: begun }]]
  if (response['background'] === true) events.push(['head', { type: 'response.queued', response: begun }])
  events.push(['head', { type: 'response.in_progress', response: { ...begun, status: 'in_progress' } }])
  for (const [index, item] of arrayOf(response['output']).entries())
    for (const event of itemEvents(objectOf(item), index, exchange)) events.push(['delta', event])
  const status = textOf(response['status'])
  if (status === 'failed')
    events.push(['finish', { type: 'response.failed', response: failed(response, exchange) }])
  else events.push(['finish', { type: `response.${status}`, response }])
  const scripted = exchange.script.events?.map((data): Frame => ({ kind: 'delta', data }))
  return (
    scripted ??
    events.map(([kind, { type, ...rest }], sequence_number) => ({
      kind,
      data: { type, sequence_number, ...rest },
    }))
  )
}

function failed(response: JsonObject, exchange: Exchange): JsonObject {
  return { ...response, error: failure(exchange), usage: null }
}

function itemEvents(item: JsonObject, output_index: number, exchange: Exchange): JsonObject[] {
  const type = textOf(item['type'])
  const inner = INNER[type]?.(item, { item_id: item['id'], output_index }, exchange) ?? []
  return [
    {
      type: 'response.output_item.added',
      output_index,
      item: { ...item, ...SHELLS[type], status: 'in_progress' },
    },
    ...inner,
    { type: 'response.output_item.done', output_index, item },
  ]
}

/** What an item lacks when it is announced. */
const SHELLS: Record<string, JsonObject> = {
  message: { content: [] },
  reasoning: { summary: [] },
  function_call: { arguments: '' },
  custom_tool_call: { input: '' },
}

type Place = { item_id: Json | undefined; output_index: number }

const INNER: Record<string, (item: JsonObject, place: Place, exchange: Exchange) => JsonObject[]> = {
  message: (item, place, exchange) =>
    arrayOf(item['content']).flatMap((part, content_index) =>
      partEvents(objectOf(part), { ...place, content_index }, exchange),
    ),
  reasoning: (item, place) =>
    arrayOf(item['summary']).flatMap((part, summary_index) => {
      const at = { ...place, summary_index }
      const text = textOf(objectOf(part)['text'])
      return [
        { type: 'response.reasoning_summary_part.added', ...at, part: { type: 'summary_text', text: '' } },
        ...pieces(text).map((delta) => ({ type: 'response.reasoning_summary_text.delta', ...at, delta })),
        { type: 'response.reasoning_summary_text.done', ...at, text },
        { type: 'response.reasoning_summary_part.done', ...at, part },
      ]
    }),
  function_call: (item, place) => [
    ...thirds(textOf(item['arguments'])).map((delta) => ({
      type: 'response.function_call_arguments.delta',
      ...place,
      delta,
    })),
    {
      type: 'response.function_call_arguments.done',
      ...place,
      name: item['name'],
      arguments: item['arguments'],
    },
  ],
  custom_tool_call: (item, place) => [
    ...thirds(textOf(item['input'])).map((delta) => ({
      type: 'response.custom_tool_call_input.delta',
      ...place,
      delta,
    })),
    { type: 'response.custom_tool_call_input.done', ...place, input: item['input'] },
  ],
  web_search_call: (_item, place) =>
    ['in_progress', 'searching', 'completed'].map((step) => ({
      type: `response.web_search_call.${step}`,
      ...place,
    })),
}

function partEvents(part: JsonObject, at: JsonObject, { clock, script }: Exchange): JsonObject[] {
  if (part['type'] === 'refusal') {
    const refusal = textOf(part['refusal'])
    return [
      { type: 'response.content_part.added', ...at, part: { type: 'refusal', refusal: '' } },
      ...pieces(refusal).map((delta) => ({ type: 'response.refusal.delta', ...at, delta })),
      { type: 'response.refusal.done', ...at, refusal },
      { type: 'response.content_part.done', ...at, part },
    ]
  }
  const text = textOf(part['text'])
  const deltas = script.bigEvents === undefined ? pieces(text) : [text]
  return [
    { type: 'response.content_part.added', ...at, part: { ...part, text: '', annotations: [] } },
    ...deltas.map((delta) => ({
      type: 'response.output_text.delta',
      ...at,
      delta,
      logprobs: [],
      obfuscation: randomId(4, clock.random),
    })),
    ...arrayOf(part['annotations']).map((annotation, annotation_index) => ({
      type: 'response.output_text.annotation.added',
      ...at,
      annotation_index,
      annotation,
    })),
    { type: 'response.output_text.done', ...at, text, logprobs: [] },
    { type: 'response.content_part.done', ...at, part },
  ]
}

/** Pieces that mean nothing alone. */
function thirds(text: string): string[] {
  const written = Array.from(text)
  const size = Math.max(1, Math.ceil(written.length / 3))
  return Array.from({ length: Math.ceil(written.length / size) }, (_, at) =>
    written.slice(at * size, (at + 1) * size).join(''),
  )
}
