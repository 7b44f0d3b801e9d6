import * as z from 'zod'
import type { Endpoint, Observer } from './endpoint.ts'
import { modelId, refuseRoutingFields } from './envelope.ts'
import { typedFrame } from './frames.ts'
import { type ImageUsage, imageUsage } from './image-usage.ts'
import { plain } from './plain.ts'
import { servedBy } from './chat-usage.ts'
import type { Usage } from './usage.ts'

/** openai.md 5.2. */
export interface ImagesRequest {
  readonly model: string
  readonly prompt: string
  readonly n?: number | null | undefined
  readonly size?: string | null | undefined
  readonly quality?: string | null | undefined
  readonly response_format?: string | null | undefined
  readonly output_format?: string | null | undefined
  readonly background?: string | null | undefined
  readonly stream?: boolean | null | undefined
  readonly [field: string]: unknown
}
export interface Picture {
  readonly b64_json?: string | undefined
  readonly url?: string | undefined
  readonly revised_prompt?: string | undefined
}
export interface ImagesResponse {
  readonly created: number
  readonly data: readonly Picture[]
  readonly size?: string | undefined
  readonly quality?: string | undefined
  readonly output_format?: string | undefined
  readonly usage?: ImageUsage | null | undefined
  /** Ours: the model that really served, where the upstream names it. */
  readonly model_version?: string | undefined
}
export interface ImagesEvent {
  readonly type: string
  readonly b64_json?: string | undefined
  readonly created_at?: number | undefined
  readonly size?: string | undefined
  readonly output_format?: string | undefined
  readonly usage?: ImageUsage | null | undefined
  readonly model_version?: string | undefined
}
export interface ImagesWire {
  readonly request: ImagesRequest
  readonly response: ImagesResponse
  readonly event: ImagesEvent
}

export const images: Endpoint<ImagesWire> = {
  ...plain,
  path: '/images/generations',
  capability: 'images',
  envelope: z.looseObject({
    model: modelId,
    prompt: z.string().min(1),
    n: z.number().int().min(1).max(10).nullish(),
    size: z.string().nullish(),
    quality: z.string().nullish(),
    response_format: z.string().nullish(),
    output_format: z.string().nullish(),
    background: z.string().nullish(),
    stream: z.boolean().nullish(),
  }),
  check: refuseRoutingFields,
  answer: (request) => (request.stream === true ? 'events' : 'json'),
  answers: (body): body is ImagesResponse =>
    'data' in body && Array.isArray(body.data) && body.data.length > 0,
  usage: imageUsage,
  served: servedBy,
  observe,
  frame: typedFrame,
}

/** A stream is over with its last picture; there is no other end. */
function observe(request: ImagesRequest): Observer<ImagesEvent> {
  const wanted = request.n ?? 1
  let started = false
  let completed = 0
  let usage: Usage | undefined
  let model: string | undefined
  return {
    see(event) {
      if (typeof event.type !== 'string') throw new TypeError('The event has no type.')
      if (event.b64_json !== undefined) started = true
      if (!event.type.endsWith('.completed')) return
      completed++
      usage = imageUsage({ ...event, data: [event] }) ?? usage
      model = event.model_version ?? model
    },
    get started() {
      return started
    },
    get complete() {
      return completed >= wanted
    },
    get usage() {
      return usage
    },
    get served() {
      return { model }
    },
  }
}
