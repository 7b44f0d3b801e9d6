import { GatewayError } from '../errors.ts'
import type { ChatChunk, ChatCompletion, ChatRequest, ChatUsage, ChatWire } from './chat.ts'
import type { FanOut } from './endpoint.ts'

/** Each choice is an upstream call of its own, all at once. */
const MOST_CHOICES = 8

/** `n` for providers that give one choice per call: as many calls, one answer. */
export const chatFanOut = { split, join, joinEvents } as const satisfies FanOut<ChatWire>

function split(request: ChatRequest): readonly ChatRequest[] {
  const n: unknown = request.n ?? 1
  if (typeof n !== 'number' || !Number.isInteger(n)) {
    throw new GatewayError('invalid_type', "Invalid type for 'n': expected an integer.", { param: 'n' })
  }
  if (n < 1) throw new GatewayError('invalid_value', "'n' must be at least 1.", { param: 'n' })
  if (n > MOST_CHOICES) {
    throw new GatewayError('unsupported_value', `'n' must be at most ${MOST_CHOICES} with this model.`, {
      param: 'n',
    })
  }
  if (n === 1) return [request]
  return Array.from({ length: n }, (_, i) => ({ ...request, n: 1, ...seedOf(request.seed, i) }))
}
/** The same seed would give the same answer `n` times. */
function seedOf(seed: unknown, part: number): { seed?: number } {
  return typeof seed === 'number' && Number.isInteger(seed) ? { seed: seed + part } : {}
}

function join(responses: readonly ChatCompletion[]): ChatCompletion {
  const [first] = responses
  if (first === undefined) throw new Error('A fan-out joins at least one response.')
  return {
    ...first,
    choices: responses.flatMap((response, index) => response.choices.map((choice) => ({ ...choice, index }))),
    usage: responses.map((response) => response.usage).reduce(addUsage),
  }
}

function joinEvents(parts: number): ReturnType<NonNullable<FanOut<ChatWire>['joinEvents']>> {
  let running = parts
  /** What every chunk of one stream repeats: the first part's. */
  let head: Pick<ChatChunk, 'id' | 'created' | 'model'> | undefined
  let last: ChatChunk | undefined
  let usage: ChatUsage | null | undefined
  return {
    push(part, event, emit) {
      head ??= { id: event.id, created: event.created, model: event.model }
      if (event.choices.length === 0) {
        last = event
        usage = addUsage(usage, event.usage)
        return
      }
      emit({ ...event, ...head, choices: event.choices.map((choice) => ({ ...choice, index: part })) })
    },
    end(_part, emit) {
      running--
      if (running === 0 && last !== undefined) emit({ ...last, ...head, choices: [], usage })
    },
  }
}

/** Sums what the parts of a fan-out used. */
export function addUsage(
  a: ChatUsage | null | undefined,
  b: ChatUsage | null | undefined,
): ChatUsage | null | undefined {
  if (!a || !b) return a ?? b
  const tools = addCounts(a.server_tool_use, b.server_tool_use)
  return {
    ...a,
    prompt_tokens: a.prompt_tokens + b.prompt_tokens,
    completion_tokens: a.completion_tokens + b.completion_tokens,
    total_tokens: a.total_tokens + b.total_tokens,
    prompt_tokens_details: addCounts(a.prompt_tokens_details, b.prompt_tokens_details),
    completion_tokens_details: addCounts(a.completion_tokens_details, b.completion_tokens_details),
    ...(tools && {
      server_tool_use: {
        grounded_prompts: tools['grounded_prompts'] ?? 0,
        search_queries: tools['search_queries'] ?? 0,
        ...(tools['web_searches'] !== undefined && { web_searches: tools['web_searches'] }),
      },
    }),
  }
}
type Counts = Readonly<Record<string, number | undefined>> | null | undefined
function addCounts(a: Counts, b: Counts): Counts {
  if (!a || !b) return a ?? b
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]))
}
