import { withUsage } from '../deliver.ts'
import { given, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { PNG } from '../samples.ts'
import { tokensOf } from '../tokens.ts'
import type { Exchange, Frame, Framing, Reply } from '../types.ts'
import { checkRequest } from './endpoint.ts'
import { faultBody, invalid } from './errors.ts'

const IMAGE_TOKENS = 272

/** openai.md 5.2. The picture is one pixel, or `bigEvents` characters of base64. */
export function images(exchange: Exchange): Reply {
  const { request } = checkRequest(exchange, {
    path: 'images/generations',
    kinds: ['image'],
    required: ['prompt'],
    fields: [
      { name: 'prompt', kind: 'string', min: 1, max: 32_000 },
      { name: 'n', kind: 'integer', min: 1, max: 10 },
      { name: 'size', kind: 'string' },
      { name: 'quality', kind: 'string', values: ['auto', 'low', 'medium', 'high', 'xhigh', 'max'] },
      { name: 'background', kind: 'string', values: ['auto', 'opaque', 'transparent'] },
      { name: 'output_format', kind: 'string', values: ['png', 'jpeg', 'webp'] },
      { name: 'output_compression', kind: 'integer', min: 0, max: 100 },
      { name: 'moderation', kind: 'string', values: ['auto', 'low'] },
      { name: 'partial_images', kind: 'integer', min: 0, max: 3 },
      { name: 'stream', kind: 'boolean' },
      { name: 'user', kind: 'string' },
    ],
  })
  for (const name of ['response_format', 'style']) {
    if (given(request, name)) throw invalid('unknown_parameter', name, `Unknown parameter: '${name}'.`)
  }
  if (/\bforbidden\b/.test(textOf(request['prompt']))) {
    const message = 'Your request was rejected by the safety system.'
    throw invalid('moderation_blocked', null, message)
  }
  const many = Number(request['n'] ?? 1)
  const usage = withUsage(usageOf(request, many), exchange.script)
  const picture = exchange.script.bigEvents === undefined ? PNG : 'A'.repeat(exchange.script.bigEvents)
  const said = {
    background: 'opaque',
    output_format: request['output_format'] ?? 'png',
    quality: request['quality'] ?? 'medium',
    size: request['size'] === undefined || request['size'] === 'auto' ? '1024x1024' : request['size'],
  }
  const created = Math.floor(exchange.clock.now() / 1_000)
  if (request['stream'] === true)
    return {
      kind: 'stream',
      usage,
      framing,
      frames: frames(request, picture, { ...said, created_at: created }, usage),
    }
  const data = Array.from({ length: many }, () => ({ b64_json: picture }))
  const metered = exchange.script.noUsage === true ? {} : { usage }
  return { kind: 'json', usage, body: { created, ...said, data, ...metered } }
}

function usageOf(request: JsonObject, many: number): JsonObject {
  const text = tokensOf(textOf(request['prompt']))
  const output = many * IMAGE_TOKENS
  return {
    input_tokens: text,
    output_tokens: output,
    total_tokens: text + output,
    input_tokens_details: { text_tokens: text, image_tokens: 0 },
    output_tokens_details: { image_tokens: output, text_tokens: 0 },
  }
}

function frames(request: JsonObject, picture: string, said: JsonObject, usage: JsonObject): Frame[] {
  const partial = Array.from({ length: Number(request['partial_images'] ?? 0) }, (_, index) => ({
    kind: 'delta' as const,
    data: {
      type: 'image_generation.partial_image',
      b64_json: picture,
      partial_image_index: index,
      ...said,
    } as Json,
  }))
  return [
    ...partial,
    { kind: 'finish', data: { type: 'image_generation.completed', b64_json: picture, ...said, usage } },
  ]
}

const framing: Framing = typedFraming()

/** Events whose `type` is their name too, and no `[DONE]`: every endpoint but chat and completions. */
export function typedFraming(): Framing {
  return {
    contentType: 'text/event-stream; charset=utf-8',
    frame(data) {
      const type = /"type":"([^"]+)"/.exec(data)?.[1]
      return `${type === undefined ? '' : `event: ${type}\n`}data: ${data}\n\n`
    },
    close: '',
    failure: (script) =>
      `event: error\ndata: ${JSON.stringify({ type: 'error', ...(faultBody(script) as object) })}\n\n`,
  }
}
