import type { FanOut } from './endpoint.ts'
import { addImageUsage } from './image-usage.ts'
import type { ImagesEvent, ImagesResponse, ImagesWire } from './images.ts'

/** `n` for models that make one picture per call: as many calls, all at once. */
export const imagesFanOut: FanOut<ImagesWire> = {
  split: (request) => Array.from({ length: request.n ?? 1 }, () => ({ ...request, n: 1 })),
  join,
  joinEvents,
}

function join(responses: readonly ImagesResponse[]): ImagesResponse {
  const [first] = responses
  if (first === undefined) throw new RangeError('A fan-out joins at least one response.')
  return {
    ...first,
    data: responses.flatMap(({ data }) => data),
    usage: responses.map(({ usage }) => usage).reduce(addImageUsage),
  }
}

/** Each picture is sent as it comes; the usage of all stands on the last. */
function joinEvents(parts: number): ReturnType<NonNullable<FanOut<ImagesWire>['joinEvents']>> {
  let running = parts
  let usage: ImagesEvent['usage']
  return {
    push(_part, event, emit) {
      if (event.usage === undefined || event.usage === null) return emit(event)
      running--
      usage = addImageUsage(usage, event.usage)
      const { usage: _, ...rest } = event
      emit(running === 0 ? { ...rest, usage } : rest)
    },
    end: () => undefined,
  }
}
