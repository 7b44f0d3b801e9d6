import { createSimulator } from '../../../simulator/index.ts'
import type { Options, Simulator } from '../../../simulator/index.ts'
import { objectOf, parseJson } from '../../../simulator/json.ts'
import type { Json, JsonObject } from '../../../simulator/json.ts'

export const ORIGIN = 'http://simulator.test'

/** A repeatable stream of "random" numbers. */
export function dice(seed = 1): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

export interface Bench extends Simulator {
  /** Every wait asked for, in milliseconds; none of them takes time. */
  waits: number[]
}

export function bench(options: Options = {}): Bench {
  const waits: number[] = []
  const simulator = createSimulator({
    now: () => 1_790_000_000_000,
    random: dice(),
    wait: async (ms) => void waits.push(ms),
    ...options,
  })
  return Object.assign(simulator, { waits })
}

export interface Answered {
  status: number
  text: string
  json: JsonObject
  headers: Headers
}

export async function read(response: Response): Promise<Answered> {
  const text = await response.text()
  const parsed = objectOf(parseJson(text))
  return { status: response.status, text, json: parsed, headers: response.headers }
}

export function request(path: string, body?: Json | string, init: RequestInit = {}): Request {
  return new Request(ORIGIN + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer sk-good',
      ...(init.headers as Record<string, string>),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(init.signal === undefined ? {} : { signal: init.signal }),
  })
}

export function googleRequest(path: string, body?: Json | string, init: RequestInit = {}): Request {
  return new Request(`${ORIGIN}/v1beta${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      'x-goog-api-key': 'AIzaGood',
      ...(init.headers as Record<string, string>),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(init.signal === undefined ? {} : { signal: init.signal }),
  })
}

export function chat(body: JsonObject): Request {
  return request('/v1/chat/completions', {
    model: 'gpt-4.1',
    messages: [{ role: 'user', content: 'Hello there, Zoë 👋' }],
    ...body,
  })
}

export function ask(text: string, more: JsonObject = {}): Request {
  return chat({ messages: [{ role: 'user', content: text }], ...more })
}

export function generate(body: JsonObject, model = 'gemini-3.8-flash', method = 'generateContent'): Request {
  return googleRequest(`/models/${model}:${method}`, {
    contents: [{ role: 'user', parts: [{ text: 'Hello there, Zoë 👋' }] }],
    ...body,
  })
}

export function prompt(text: string, more: JsonObject = {}, method = 'generateContent'): Request {
  return generate({ contents: [{ role: 'user', parts: [{ text }] }], ...more }, 'gemini-3.8-flash', method)
}

/** The data of every SSE event, as text. */
export function dataOf(text: string): string[] {
  return text
    .split(/\r?\n\r?\n/)
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice('data: '.length))
}

export function eventsOf(text: string): JsonObject[] {
  return dataOf(text)
    .filter((data) => data !== '[DONE]')
    .map((data) => JSON.parse(data) as JsonObject)
}

/** The value at a dotted path, for example `choices.0.message.content`. */
export function at(value: unknown, path: string): unknown {
  let here: unknown = value
  for (const key of path.split('.')) here = (here as Record<string, unknown> | null | undefined)?.[key]
  return here
}

export function textAt(value: unknown, path: string): string {
  const found = at(value, path)
  return typeof found === 'string' ? found : ''
}

export function numberAt(value: unknown, path: string): number {
  const found = at(value, path)
  return typeof found === 'number' ? found : Number.NaN
}

export function joined(events: readonly JsonObject[], path: string): string {
  return events
    .map((event) => at(event, path))
    .filter((piece) => typeof piece === 'string')
    .join('')
}
