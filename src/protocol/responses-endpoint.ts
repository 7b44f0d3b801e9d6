import * as z from 'zod'
import { type ErrorBody, GatewayError } from '../errors.ts'
import type { Endpoint, Feature, MediaReference } from './endpoint.ts'
import { jsonBytes } from './frames.ts'
import { isRecord } from './guards.ts'
import type { Item, ResponseObject, ResponsesEvent, ResponsesRequest, ResponsesWire } from './responses.ts'
import { observeResponses, writtenInOutput } from './responses-observer.ts'
import { responseServedBy, responsesUsage } from './responses-usage.ts'

/** The envelope: what routing needs, and nothing of the items (openai.md 3.1; a relayed request is OpenAI's to judge). */
const envelope = z.looseObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(z.custom<Item>())]).nullish(),
  stream: z.boolean().nullish(),
  background: z.boolean().nullish(),
  store: z.boolean().nullish(),
  previous_response_id: z.string().min(1).max(256).nullish(),
  tools: z.array(z.unknown()).nullish(),
})

/** Fields by which other gateways let a caller choose where the operator's key goes: refused, never relayed. */
const ROUTING_FIELDS = ['api_base', 'base_url', 'api_key', 'custom_host', 'extra_headers', 'litellm_params']

export const responses: Endpoint<ResponsesWire> = {
  path: '/responses',
  capability: 'responses',
  doneMarker: false,
  envelope,
  check,
  answer: (request) => (request.stream === true ? 'events' : 'json'),
  goesOn: (request) => request.background === true,
  features,
  media,
  answers,
  bytesOf: jsonBytes,
  usage: responsesUsage,
  written: writtenInOutput,
  served: responseServedBy,
  observe: observeResponses,
  frame: ({ type }, data) => `event: ${type}\ndata: ${data}\n\n`,
  errorIn,
  reworded,
  errorFrame,
  trim: () => undefined,
}

function check(request: ResponsesRequest): void {
  for (const name of ROUTING_FIELDS) {
    if (request[name] !== undefined)
      throw new GatewayError('unknown_parameter', `Unknown parameter: '${name}'.`, { param: name })
  }
}

function features(request: ResponsesRequest): ReadonlySet<Feature> {
  const needs = new Set<Feature>()
  if ((request.tools ?? []).some((tool) => isRecord(tool) && tool['type'] === 'function')) needs.add('tools')
  const format = isRecord(request.text) ? request.text['format'] : undefined
  if (isRecord(format) && format['type'] === 'json_schema') needs.add('json_schema')
  if (media(request).length > 0) needs.add('vision')
  return needs
}

/** Every image URL of the input, data URLs included. Tolerates any shape: nobody has validated the items yet. */
function media(request: ResponsesRequest): readonly MediaReference[] {
  if (!Array.isArray(request.input)) return []
  const found: MediaReference[] = []
  for (const [i, item] of request.input.entries()) {
    if (!isRecord(item)) continue
    for (const member of ['content', 'output']) partsMedia(item[member], `input[${i}].${member}`, found)
  }
  return found
}

function partsMedia(parts: unknown, at: string, found: MediaReference[]): void {
  if (!Array.isArray(parts)) return
  for (const [i, part] of parts.entries()) {
    const url: unknown = isRecord(part) && part['type'] === 'input_image' ? part['image_url'] : undefined
    if (typeof url === 'string') found.push({ url, param: `${at}[${i}].image_url`, kind: 'image' })
  }
}

function answers(body: object): body is ResponseObject {
  return 'id' in body && typeof body.id === 'string' && 'output' in body && Array.isArray(body.output)
}

/** An `error` event in either form, or a run that failed: the event of its end, or all of it (openai.md 3.6, 3.8). */
function errorIn(event: unknown): unknown {
  if (!isRecord(event)) return undefined
  const failed = event['type'] === 'response.failed' ? asRecord(event['response']) : event
  if (failed !== event || event['status'] === 'failed')
    return { error: ('error' in failed ? failed.error : undefined) ?? { code: 'server_error' } }
  if (isRecord(event['error'])) return { error: event['error'] }
  if (event['type'] !== 'error') return undefined
  const { code, message, param } = event
  return { error: { code, message, param } }
}

function reworded(event: unknown, message: string): unknown {
  if (!isRecord(event)) return event
  const { response, error } = event
  if (event['type'] === 'response.failed' && isRecord(response))
    return { ...event, response: { ...response, error: { ...asRecord(response['error']), message } } }
  return isRecord(error) ? { ...event, error: { ...error, message } } : { ...event, message }
}

const asRecord = (value: unknown): object => (isRecord(value) ? value : {})

/** The nested form: both official SDKs raise it (openai.md 3.8). */
function errorFrame({ error }: ErrorBody, events = 0): string {
  const event: ResponsesEvent = { type: 'error', sequence_number: events, error }
  return `event: error\ndata: ${JSON.stringify(event)}\n\n`
}
