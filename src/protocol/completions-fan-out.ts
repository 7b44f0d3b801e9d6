import { GatewayError } from '../errors.ts'
import { addUsage } from './chat-fan-out.ts'
import type { Completion, CompletionsRequest, CompletionsWire } from './completions.ts'
import type { FanOut } from './endpoint.ts'

/** Each is an upstream call of its own, all at once. */
const MOST_CALLS = 8

/** One call per prompt, and per choice where the model gives one at a time, or where there are several prompts. */
export function completionsFanOut(single: boolean): FanOut<CompletionsWire> {
  return { split: (request) => split(request, single), join, joinEvents }
}

function split(request: CompletionsRequest, single: boolean): readonly CompletionsRequest[] {
  const prompts = typeof request.prompt === 'string' ? [request.prompt] : request.prompt
  const n = request.n ?? 1
  if (prompts.length === 1 && (n === 1 || !single)) return [request]
  if (prompts.length * n > MOST_CALLS) {
    const param = prompts.length > 1 ? 'prompt' : 'n'
    const message = `'${param}' asks for more than ${MOST_CALLS} completions, which is the most for one request.`
    throw new GatewayError('unsupported_value', message, { param })
  }
  return prompts.flatMap((prompt) =>
    Array.from({ length: n }, (_, i) => ({
      ...request,
      prompt,
      n: 1,
      // The same seed would give the same answer each time.
      ...(typeof request.seed === 'number' && { seed: request.seed + i }),
    })),
  )
}

function join(responses: readonly Completion[]): Completion {
  const [first] = responses
  if (first === undefined) throw new RangeError('A fan-out joins at least one response.')
  return {
    ...first,
    choices: responses.flatMap(({ choices }, index) => choices.map((choice) => ({ ...choice, index }))),
    usage: responses.map(({ usage }) => usage).reduce(addUsage),
  }
}

function joinEvents(parts: number): ReturnType<NonNullable<FanOut<CompletionsWire>['joinEvents']>> {
  let running = parts
  let head: Pick<Completion, 'id' | 'created' | 'model'> | undefined
  let last: Completion | undefined
  return {
    push(part, event, emit) {
      head ??= { id: event.id, created: event.created, model: event.model }
      if (event.choices.length === 0) last = { ...event, usage: addUsage(last?.usage, event.usage) }
      else emit({ ...event, ...head, choices: event.choices.map((choice) => ({ ...choice, index: part })) })
    },
    end(_part, emit) {
      running--
      if (running === 0 && last !== undefined) emit({ ...last, ...head })
    },
  }
}
