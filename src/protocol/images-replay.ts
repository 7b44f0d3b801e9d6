import { isRecord } from './guards.ts'
import type { ImagesEvent, ImagesResponse } from './images.ts'

/** Pictures in one piece and the same pictures as a stream: each from the other, for who asks otherwise than was asked first. */
export const imagesReplay = { isEvent, toEvents, toResponse }

const COMPLETED = 'image_generation.completed'

function isEvent(value: unknown): value is ImagesEvent {
  return isRecord(value) && typeof value['type'] === 'string'
}

/** One event for each picture; the usage of all stands on the last (openai.md 5.2). */
function toEvents({ created, data, usage, ...about }: ImagesResponse): readonly ImagesEvent[] {
  return data.map((picture, at) => ({
    type: COMPLETED,
    ...picture,
    created_at: created,
    ...about,
    ...(usage && at === data.length - 1 && { usage }),
  }))
}

/** Without the pictures that were not yet whole. */
function toResponse(events: readonly ImagesEvent[]): ImagesResponse | undefined {
  const whole = events.filter(({ type }) => type === COMPLETED)
  const last = whole.at(-1)
  if (last === undefined) return undefined
  const { type: _type, b64_json: _picture, created_at: created = 0, ...about } = last
  return { created, ...about, data: whole.map(({ b64_json }) => ({ b64_json })) }
}
