import type { Decoder } from '../../lib/sse.ts'
import type { ChatUsage } from '../../protocol/chat.ts'
import type { ImageUsage } from '../../protocol/image-usage.ts'
import { imagesFanOut } from '../../protocol/images-fan-out.ts'
import type { ImagesEvent, ImagesRequest, ImagesResponse, ImagesWire } from '../../protocol/images.ts'
import type { CodecContext, Translation, Upstream } from '../provider.ts'
import { translation } from '../provider.ts'
import type { Notepad } from './draft.ts'
import { type GeneratedReader, readGenerated } from './generated.ts'
import { imageConfig } from './image-config.ts'
import { modelPath } from './model.ts'
import type { Answer, AnswerPart, GenerateContentRequest } from './wire.ts'

/** gemini.md 6.4: a model that answers in pictures. */
export const images: Translation<ImagesWire> = translation<ImagesWire, Answer>({
  encode,
  decode,
  events,
  fanOut: imagesFanOut,
  serves: ({ outputs }) => outputs.includes('image'),
})

function encode(request: ImagesRequest, context: CodecContext): Upstream {
  const draft: Notepad = { context, adapted: new Set() }
  const config = imageConfig(request, draft)
  const body: GenerateContentRequest = {
    contents: [{ role: 'user', parts: [{ text: request.prompt }] }],
    generationConfig: {
      responseModalities: ['IMAGE'],
      ...(Object.keys(config).length > 0 && { imageConfig: config }),
    },
  }
  const method = request.stream === true ? 'streamGenerateContent?alt=sse' : 'generateContent'
  return {
    path: `/v1beta/${modelPath(context.target.model)}:${method}`,
    body: JSON.stringify(body),
    adapted: [...draft.adapted],
  }
}

interface Made {
  readonly data: string
  readonly format: string
}

function decode(body: Answer, request: ImagesRequest, { chance }: CodecContext): ImagesResponse {
  const reader = readGenerated(true)
  const made = picturesOf(reader.take(body))
  reader.end(made.length > 0)
  return {
    created: Math.floor(chance.now() / 1_000),
    data: made.map(({ data }) => ({ b64_json: data })),
    ...said(made, request),
    ...closing(reader),
  }
}

/** No partial pictures come; the whole one is sent when the answer has proved to be whole. */
function events(request: ImagesRequest, { chance }: CodecContext): Decoder<Answer, ImagesEvent> {
  const reader = readGenerated(false)
  const made: Made[] = []
  return {
    push: (event) => void made.push(...picturesOf(reader.take(event))),
    end(emit) {
      const last = made.at(-1)
      reader.end(last !== undefined)
      if (last === undefined) return
      emit({
        type: 'image_generation.completed',
        b64_json: last.data,
        created_at: Math.floor(chance.now() / 1_000),
        ...said(made, request),
        ...closing(reader),
      })
    },
  }
}

function picturesOf(parts: readonly AnswerPart[]): readonly Made[] {
  return parts.flatMap(({ inlineData }) => {
    const type = inlineData?.mimeType ?? ''
    const data = inlineData?.data ?? ''
    return type.startsWith('image/') && data !== '' ? [{ data, format: type.slice('image/'.length) }] : []
  })
}

/** The format cannot be chosen, so it is reported. */
function said(
  made: readonly Made[],
  { size }: ImagesRequest,
): Pick<ImagesResponse, 'size' | 'output_format'> {
  return {
    ...(typeof size === 'string' && size !== 'auto' && { size }),
    ...(made[0] && { output_format: made[0].format }),
  }
}

function closing({ usage, modelVersion }: GeneratedReader): Pick<ImagesResponse, 'usage' | 'model_version'> {
  return { usage: tokens(usage), ...(modelVersion !== undefined && { model_version: modelVersion }) }
}

function tokens(usage: ChatUsage): ImageUsage {
  const input = usage.prompt_tokens_details ?? {}
  const output = usage.completion_tokens_details ?? {}
  const imagesIn = input['image_tokens'] ?? 0
  const imagesOut = output['image_tokens'] ?? 0
  return {
    input_tokens: usage.prompt_tokens,
    output_tokens: usage.completion_tokens,
    total_tokens: usage.total_tokens,
    input_tokens_details: { text_tokens: usage.prompt_tokens - imagesIn, image_tokens: imagesIn },
    output_tokens_details: {
      image_tokens: imagesOut,
      text_tokens: usage.completion_tokens - imagesOut,
      reasoning_tokens: output['reasoning_tokens'] ?? 0,
    },
  }
}
