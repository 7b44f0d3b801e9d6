import { isRecord } from '../protocol/guards.ts'

/** What of a request its worst case depends on, whatever the endpoint. */
export interface CallShape {
  /** Bytes of text: the JSON body without inline media. A token is at least one byte. */
  readonly textBytes: number
  readonly messages: number
  readonly images: number
  /** Bytes of inline audio, as base64. */
  readonly audioBytes: number
  /** Video and documents: nothing short of the context window bounds their tokens. */
  readonly boundless: boolean
  readonly audioOut: boolean
  readonly search: boolean
  readonly choices: number
  readonly maxOutputTokens: number | undefined
  readonly tier: string | undefined
}

type Media = 'image' | 'audio' | 'boundless'
/** Content parts of Chat Completions and Responses that are not text. */
const PARTS: Readonly<Record<string, Media>> = {
  image_url: 'image',
  input_image: 'image',
  input_audio: 'audio',
  video_url: 'boundless',
  file: 'boundless',
  input_file: 'boundless',
}
const SEARCH_TOOLS = /^(web_search|google_search|file_search)/
const OUTPUT_CAPS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const

/** Reads the members that all OpenAI-shaped requests share; `bytes` is the length of the body as received. */
export function shapeOf(request: object, bytes: number): CallShape {
  const body: Readonly<Record<string, unknown>> = { ...request }
  const messages = [body['messages'], body['input']].flatMap((each): readonly unknown[] =>
    Array.isArray(each) ? each : [],
  )
  const found = { image: 0, audio: 0, boundless: 0, inlineBytes: 0, audioBytes: 0 }
  for (const message of messages) {
    const content = isRecord(message) ? message['content'] : undefined
    const parts: readonly unknown[] = Array.isArray(content) ? [...content, message] : [message]
    for (const part of parts) count(part, found)
  }
  const tools: readonly unknown[] = Array.isArray(body['tools']) ? body['tools'] : []
  const modalities: unknown = body['modalities']
  return {
    textBytes: Math.max(0, bytes - found.inlineBytes),
    messages: messages.length + tools.length,
    images: found.image,
    audioBytes: found.audioBytes,
    boundless: found.boundless > 0 || typeof body['previous_response_id'] === 'string',
    audioOut: Array.isArray(modalities) && modalities.includes('audio'),
    search: isRecord(body['web_search_options']) || tools.some(isSearch),
    choices: Math.max(1, positive(body['n']) ?? 1),
    maxOutputTokens: OUTPUT_CAPS.map((name) => positive(body[name])).find((each) => each !== undefined),
    tier: typeof body['service_tier'] === 'string' ? body['service_tier'] : undefined,
  }
}

function count(part: unknown, found: Record<Media | 'inlineBytes' | 'audioBytes', number>): void {
  const type = isRecord(part) ? part['type'] : undefined
  const media = typeof type === 'string' && Object.hasOwn(PARTS, type) ? PARTS[type] : undefined
  if (media === undefined || !isRecord(part)) return
  found[media]++
  const inline = inlineLength(part)
  found.inlineBytes += inline
  if (media === 'audio') found.audioBytes += inline
}

/** The longest text within a medium's part: its data URL or base64, all of it ASCII. */
function inlineLength(part: Readonly<Record<string, unknown>>): number {
  let longest = 0
  for (const value of Object.values(part)) {
    if (typeof value === 'string') longest = Math.max(longest, value.length)
    else if (isRecord(value)) longest = Math.max(longest, inlineLength(value))
  }
  return longest
}

function isSearch(tool: unknown): boolean {
  const type = isRecord(tool) ? tool['type'] : undefined
  return typeof type === 'string' && SEARCH_TOOLS.test(type)
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}
