import { isRecord } from '../../protocol/guards.ts'
import type { EndpointId } from '../../protocol/index.ts'
import { OUTPUT_FIELDS } from '../../protocol/output-fields.ts'

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
  /** Tools that the provider runs and bills at prices of their own. */
  readonly hostedTools: boolean
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
/**
 * Items and parts all of which lie in the request. A message may leave its type out. What is not here may stand for
 * something at the provider, or for a page that is looked up: nothing short of the window bounds it.
 */
const INLINE: ReadonlySet<string> = new Set([
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'function',
  'custom',
  'reasoning',
  'text',
  'input_text',
  'output_text',
  'summary_text',
  'reasoning_text',
  'refusal',
  'url_citation',
])
/** Members of items and parts that hold more of them. */
const HOLDERS = ['content', 'output', 'summary', 'tool_calls', 'annotations'] as const
const SEARCH_TOOLS = /^(web_search|google_search|file_search)/
/** Tools that their caller runs. */
const OWN_TOOLS: ReadonlySet<unknown> = new Set([undefined, 'function', 'custom'])
/** Members that name text which lies at the provider. */
const REFERENCES = ['previous_response_id', 'conversation'] as const

/** What the shape of a call depends on besides its members. */
export interface CallFrame {
  /** The length of the body as received; 0 where it is a file. */
  readonly bytes: number
  readonly endpoint: EndpointId
  /** The body is a form with a file, as long as it may be. */
  readonly file: boolean
}

/** Reads the members that all OpenAI-shaped requests share. */
export function shapeOf(request: object, { bytes, endpoint, file }: CallFrame): CallShape {
  const body: Readonly<Record<string, unknown>> = { ...request }
  const messages = [body['messages'], body['input']].flatMap((each): readonly unknown[] =>
    Array.isArray(each) ? each : [],
  )
  const found = { image: 0, audio: 0, boundless: 0, inlineBytes: 0, audioBytes: 0 }
  for (const message of messages) count(message, found)
  const tools: readonly unknown[] = Array.isArray(body['tools']) ? body['tools'] : []
  const modalities: unknown = body['modalities']
  const searches = isRecord(body['web_search_options']) || tools.some(isSearch)
  return {
    textBytes: Math.max(0, bytes - found.inlineBytes),
    messages: messages.length + tools.length,
    images: found.image,
    audioBytes: found.audioBytes,
    // What a search finds is read as input.
    boundless: file || found.boundless > 0 || searches || refersElsewhere(body),
    audioOut: Array.isArray(modalities) && modalities.includes('audio'),
    search: searches,
    hostedTools: tools.some((tool) => !isSearch(tool) && !OWN_TOOLS.has(typeOf(tool))),
    choices: choicesOf(body),
    maxOutputTokens: outputLimit(body, OUTPUT_FIELDS[endpoint] ?? []),
    tier: typeof body['service_tier'] === 'string' ? body['service_tier'] : undefined,
  }
}

type Found = Record<Media | 'inlineBytes' | 'audioBytes', number>

/** Counts an item or part, and those within it. The nesting of a body is limited at the door. */
function count(part: unknown, found: Found): void {
  if (!isRecord(part)) return
  const type = part['type']
  const media = typeof type === 'string' && Object.hasOwn(PARTS, type) ? PARTS[type] : undefined
  if (media !== undefined) return countMedium(part, media, found)
  if (isElsewhere(part)) found.boundless++
  for (const name of HOLDERS) {
    const held = part[name]
    if (Array.isArray(held)) for (const each of held) count(each, found)
    else count(held, found)
  }
}

/** Whether it stands for something that is not in the request. `audio: {id}` is an earlier answer's sound. */
function isElsewhere({ type, audio }: Readonly<Record<string, unknown>>): boolean {
  return (type !== undefined && (typeof type !== 'string' || !INLINE.has(type))) || isRecord(audio)
}

function countMedium(part: Readonly<Record<string, unknown>>, media: Media, found: Found): void {
  found[media]++
  const inline = inlineLength(part)
  found.inlineBytes += inline
  if (media === 'audio') found.audioBytes += inline
}

/** Members that a model may read as text, whatever the part calls itself. */
const READ_AS_TEXT: ReadonlySet<string> = new Set(['content', 'text'])

/** The longest text within a medium's part: its data URL or base64, all of it ASCII. */
function inlineLength(part: Readonly<Record<string, unknown>>): number {
  let longest = 0
  for (const [name, value] of Object.entries(part)) {
    if (READ_AS_TEXT.has(name)) continue
    if (typeof value === 'string') longest = Math.max(longest, value.length)
    else if (isRecord(value)) longest = Math.max(longest, inlineLength(value))
  }
  return longest
}

/** Text that does not come with the request: an earlier response, or a prompt by its id. */
function refersElsewhere(body: Readonly<Record<string, unknown>>): boolean {
  return REFERENCES.some((name) => isPresent(body[name])) || isRecord(body['prompt'])
}

/** A list of prompts is answered one by one; of `best_of` answers all are billed. */
function choicesOf(body: Readonly<Record<string, unknown>>): number {
  const { prompt } = body
  const prompts = Array.isArray(prompt) && typeof prompt[0] !== 'number' ? Math.max(1, prompt.length) : 1
  return Math.max(1, positive(body['n']) ?? 1, positive(body['best_of']) ?? 1) * prompts
}

/** Of several fields that limit the answer any may be the one that counts. */
function outputLimit(body: Readonly<Record<string, unknown>>, fields: readonly string[]): number | undefined {
  const named = fields.flatMap((name) => positive(body[name]) ?? [])
  return named.length === 0 ? undefined : Math.max(...named)
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null

const typeOf = (tool: unknown): unknown => (isRecord(tool) ? tool['type'] : undefined)

function isSearch(tool: unknown): boolean {
  const type = typeOf(tool)
  return typeof type === 'string' && SEARCH_TOOLS.test(type)
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined
}
