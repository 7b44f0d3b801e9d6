import * as z from 'zod'
import { GatewayError } from '../errors.ts'
import type { ChatMessage, ChatRequest, ChatWire, Tool } from './chat.ts'
import type { Endpoint, Feature, MediaReference } from './endpoint.ts'
import { modelId, refuseRoutingFields } from './envelope.ts'
import { dataFrame, jsonBytes, topLevelError } from './frames.ts'
import { isRecord } from './guards.ts'
import { observeChat, writtenIn } from './chat-observer.ts'
import { pricedUsage } from './priced-usage.ts'
import { trimUsage } from './trim-usage.ts'
import { answerUsage, servedBy } from './chat-usage.ts'

/** The envelope: what routing needs, and nothing of the message tree (openai.md 2.1; a relayed request is OpenAI's to judge). */
const envelope = z.looseObject({
  model: modelId,
  messages: z.array(z.custom<ChatMessage>(isRecord, 'expected object')).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.number().int().min(1).max(128).nullish(),
  tools: z.array(z.custom<Tool>(isRecord, 'expected object')).max(128).nullish(),
})

const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/

export const chat: Endpoint<ChatWire> = {
  path: '/chat/completions',
  capability: 'chat',
  doneMarker: true,
  envelope,
  check,
  answer: (request) => (request.stream === true ? 'events' : 'json'),
  features,
  media,
  answers,
  bytesOf: jsonBytes,
  usage: (response) => answerUsage(response.usage, servedBy(response)),
  written: writtenIn,
  served: servedBy,
  observe: observeChat,
  frame: dataFrame,
  errorIn: topLevelError,
  errorFrame: (body) => dataFrame(body, JSON.stringify(body)),
  priced: pricedUsage,
  trim: trimUsage,
}

function check(request: ChatRequest): void {
  refuseRoutingFields(request)
  for (const [i, tool] of (request.tools ?? []).entries()) {
    const name: unknown = tool?.type === 'function' ? tool.function?.name : undefined
    if (typeof name === 'string' && !TOOL_NAME.test(name)) {
      throw new GatewayError(
        'invalid_value',
        `Invalid 'tools[${i}].function.name': it must match ${TOOL_NAME.source}.`,
        {
          param: `tools[${i}].function.name`,
        },
      )
    }
  }
}

function features(request: ChatRequest): ReadonlySet<Feature> {
  const needs = new Set<Feature>()
  if (hasItems(request.tools) || hasItems(request.functions)) needs.add('tools')
  if (request.response_format?.type === 'json_schema') needs.add('json_schema')
  for (const part of request.messages.flatMap(partsOf)) {
    const feature =
      isRecord(part) && typeof part['type'] === 'string' ? PART_FEATURES[part['type']] : undefined
    if (feature !== undefined) needs.add(feature)
  }
  return needs
}
const hasItems = (list: readonly unknown[] | null | undefined): boolean => (list?.length ?? 0) > 0
const partsOf = (message: unknown): readonly unknown[] =>
  isRecord(message) && Array.isArray(message['content']) ? message['content'] : []
const PART_FEATURES: Readonly<Record<string, Feature>> = { image_url: 'vision', input_audio: 'audio' }

/** Every URL of the messages, data URLs included. Tolerates any shape: this runs before anyone has validated the tree. */
function media(request: ChatRequest): readonly MediaReference[] {
  const found: MediaReference[] = []
  for (const [i, message] of request.messages.entries()) {
    if (isRecord(message) && Array.isArray(message['content']))
      partsMedia(message['content'], `messages[${i}].content`, found)
  }
  return found
}

const URL_PARTS = ['image_url', 'video_url'] as const

function partsMedia(parts: readonly unknown[], at: string, found: MediaReference[]): void {
  for (const [i, part] of parts.entries()) {
    if (!isRecord(part)) continue
    for (const type of URL_PARTS) {
      const holder = part[type]
      const url = typeof holder === 'string' ? holder : isRecord(holder) ? holder['url'] : undefined
      if (part['type'] === type && typeof url === 'string') {
        found.push({ url, param: `${at}[${i}].${type}.url`, kind: type === 'image_url' ? 'image' : 'video' })
      }
    }
  }
}

function answers(body: object): body is ChatWire['response'] {
  return 'choices' in body && Array.isArray(body.choices) && body.choices.length > 0
}
