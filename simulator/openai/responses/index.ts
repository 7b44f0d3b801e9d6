import { arrayOf, objectOf, textOf } from '../../json.ts'
import type { JsonObject } from '../../json.ts'
import type { Exchange, Reply, Route } from '../../types.ts'
import { invalid, openaiError } from '../errors.ts'
import { respond } from './answer.ts'
import { itemsOf } from './input.ts'
import { memoryOf } from './memory.ts'
import type { Stored } from './memory.ts'
import { CRLF, framesOf, FRAMING } from './stream.ts'
import { validate } from './validate.ts'

/** openai.md 3, routes. */
export const responsesRoutes: readonly Route[] = [
  { method: 'POST', path: /^\/v1\/responses$/, handle: create },
  { method: 'GET', path: /^\/v1\/responses\/([^/]+)$/, handle: retrieve },
  { method: 'DELETE', path: /^\/v1\/responses\/([^/]+)$/, handle: remove },
  { method: 'POST', path: /^\/v1\/responses\/([^/]+)\/cancel$/, handle: cancel },
  { method: 'GET', path: /^\/v1\/responses\/([^/]+)\/input_items$/, handle: inputItems },
]

function create(exchange: Exchange): Reply {
  const memory = memoryOf(exchange)
  const body = objectOf(exchange.json)
  const model = validate(exchange, memory)
  const response = respond(exchange, model, memory)
  const frames = framesOf(response, exchange)
  const usage = objectOf(response['usage'])
  if (body['store'] !== false) {
    const output = arrayOf(response['output']).map(objectOf)
    const input = itemsOf(body, memory).map((item, index) => ({ id: `msg_in_${index}`, ...item }))
    const background = body['background'] === true
    memory.responses.set(textOf(response['id']), { response, input, output, background, looks: 0, frames })
    for (const { id } of output) memory.items.add(textOf(id))
  }
  if (body['stream'] === true) return streamed(frames, usage, exchange)
  return { kind: 'json', body: body['background'] === true ? at('queued', response) : response, usage }
}

function streamed(frames: Stored['frames'], usage: JsonObject, { script }: Exchange): Reply {
  return { kind: 'stream', frames, framing: script.crlf === true ? CRLF : FRAMING, usage }
}

/** A response that is not finished shows nothing yet. */
function at(status: string, response: JsonObject): JsonObject {
  return {
    ...response,
    status,
    output: [],
    usage: null,
    error: null,
    incomplete_details: null,
    completed_at: null,
  }
}

function stored({ pathModel: id, ...exchange }: Exchange): Stored {
  const found = memoryOf({ pathModel: id, ...exchange }).responses.get(id)
  if (found === undefined) throw openaiError(404, { message: `Response with id '${id}' not found.` })
  return found
}

/** Each look at a background response finds it one step further: openai.md 3.7. */
function retrieve(exchange: Exchange): Reply {
  const found = stored(exchange)
  if (exchange.url.searchParams.get('stream') === 'true') {
    if (!found.background)
      throw invalid(null, 'stream', 'Only background responses that were streamed can be streamed again.')
    const after = Number(exchange.url.searchParams.get('starting_after') ?? -1)
    const rest = found.frames.filter(({ data }) => Number(objectOf(data)['sequence_number']) > after)
    return streamed(rest, {}, exchange)
  }
  found.looks++
  const running = found.background && found.looks === 1 && found.response['status'] !== 'cancelled'
  return { kind: 'json', body: running ? at('in_progress', found.response) : found.response }
}

function remove(exchange: Exchange): Reply {
  const found = stored(exchange)
  memoryOf(exchange).responses.delete(exchange.pathModel)
  return { kind: 'json', body: { id: found.response['id'], object: 'response', deleted: true } }
}

function cancel(exchange: Exchange): Reply {
  const found = stored(exchange)
  if (!found.background) throw invalid(null, null, 'Cannot cancel a synchronous response.')
  if (found.response['status'] !== 'cancelled') found.response = at('cancelled', found.response)
  return { kind: 'json', body: found.response }
}

function inputItems(exchange: Exchange): Reply {
  const { searchParams } = exchange.url
  const limit = Number(searchParams.get('limit') ?? 20)
  if (!(limit >= 1 && limit <= 100)) throw invalid('invalid_value', 'limit', "Invalid 'limit'.")
  const items = [...stored(exchange).input]
  if (searchParams.get('order') !== 'asc') items.reverse()
  const after = searchParams.get('after')
  const from = after === null ? 0 : items.findIndex(({ id }) => id === after) + 1
  const data = items.slice(from, from + limit)
  return {
    kind: 'json',
    body: {
      object: 'list',
      data,
      first_id: data[0]?.['id'] ?? null,
      last_id: data.at(-1)?.['id'] ?? null,
      has_more: from + limit < items.length,
    },
  }
}
