import { GatewayError } from '../errors.ts'
import { type Chance, randomText } from '../lib/chance.ts'
import type { Item, ResponsesRequest } from '../protocol/responses.ts'

/** A caller's input as items. */
export function inputItems({ input }: ResponsesRequest): readonly Item[] {
  if (typeof input === 'string') return [textMessage(input)]
  return input ?? []
}
function textMessage(text: string): Item & Readonly<Record<string, unknown>> {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] }
}

const PREFIXES: Readonly<Record<string, string>> = {
  message: 'msg',
  reasoning: 'rs',
  function_call: 'fc',
  function_call_output: 'fc',
}

/** Items as they are listed: each with a type and an id. */
export function identified(items: readonly Item[], chance: Chance): readonly Item[] {
  return items.map((item) => {
    const type = item.type ?? 'message'
    return { ...item, type, id: item.id ?? `${PREFIXES[type] ?? 'item'}_${randomText(chance, 40)}` }
  })
}

/** A page of a list as OpenAI gives it (openai.md 3). */
export interface Page {
  readonly object: 'list'
  readonly data: readonly Item[]
  readonly first_id: string | null
  readonly last_id: string | null
  readonly has_more: boolean
}

const DEFAULT_LIMIT = 20
const MAX_LIMIT = 100

/** The newest first, unless `order` says otherwise. */
export function pageOf(items: readonly Item[], query: URLSearchParams): Page {
  const limit = limitIn(query.get('limit'))
  const order = query.get('order') ?? 'desc'
  if (order !== 'asc' && order !== 'desc') throw invalid('order', "'order' must be asc or desc.")
  const ordered = order === 'asc' ? items : items.toReversed()
  const after = query.get('after')
  const from = after === null ? 0 : ordered.findIndex(({ id }) => id === after) + 1
  if (after !== null && from === 0) throw invalid('after', "'after' is not the id of an item of this list.")
  const data = ordered.slice(from, from + limit)
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: from + limit < ordered.length,
  }
}

function limitIn(text: string | null): number {
  if (text === null) return DEFAULT_LIMIT
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw invalid('limit', `'limit' must be between 1 and ${MAX_LIMIT}.`)
  return limit
}

function invalid(param: string, message: string): GatewayError {
  return new GatewayError('invalid_value', message, { param })
}
