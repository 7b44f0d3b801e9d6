import { audioType } from '../../lib/audio.ts'
import { base64Chunks, type Chunks, concatenated, textChunks } from '../../lib/chunks.ts'
import type { TranscriptionRequest } from '../../protocol/transcriptions.ts'
import type { CodecContext, Upstream } from '../provider.ts'
import { leaveOut, leaveOutOthers, type Notepad, unsupported, unsupportedValue } from './draft.ts'
import { modelPath, type Traits, traitsOf } from './model.ts'
import type { GenerateContentRequest, ThinkingConfig } from './wire.ts'

export type Task = 'transcribe' | 'translate'

const TASKS: Readonly<Record<Task, string>> = {
  transcribe: 'Transcribe the speech verbatim, in the language it is in. Output only the transcript.',
  translate: 'Translate the speech into English. Output only the translation.',
}
const TIMED = ['verbose_json', 'srt', 'vtt']
const FORMATS = ['json', 'text', ...TIMED]
/** Newer generations do worse at any temperature but their own. */
const LAST_WITH_TEMPERATURE = 2.5
const READ: ReadonlySet<string> = new Set([
  'model',
  'file',
  'response_format',
  'stream',
  'language',
  'prompt',
  'temperature',
  'timestamp_granularities',
  'include',
])

/** Formats that need to know when something was said. */
export function isTimed({ response_format: format }: TranscriptionRequest): boolean {
  return format !== undefined && TIMED.includes(format)
}

/** Throws `GatewayError` for what no honest answer could be made of. */
export function encodeTranscription(
  request: TranscriptionRequest,
  context: CodecContext,
  task: Task,
): Upstream {
  const draft: Notepad = { context, adapted: new Set() }
  check(request)
  const traits = traitsOf(context.target.model)
  const temperature = temperatureOf(request, traits, draft)
  leaveOutOthers(draft, request, READ)
  const thinking = leastThinking(traits)
  const body: GenerateContentRequest = {
    contents: [
      {
        role: 'user',
        parts: [
          { inlineData: { mimeType: audioType(request.file.head) ?? 'audio/mpeg', data: '' } },
          { text: instruction(request, task) },
        ],
      },
    ],
    generationConfig: {
      ...(temperature !== undefined && { temperature }),
      ...(thinking && { thinkingConfig: thinking }),
      ...(isTimed(request) && { responseMimeType: 'application/json', responseJsonSchema: SEGMENTS }),
    },
  }
  const method = request.stream === true ? 'streamGenerateContent?alt=sse' : 'generateContent'
  return {
    path: `/v1beta/${modelPath(context.target.model)}:${method}`,
    body: withData(JSON.stringify(body), request.file.content),
    adapted: [...draft.adapted],
  }
}

function check(request: TranscriptionRequest): void {
  const { response_format: format = 'json', timestamp_granularities: times, include } = request
  if (!FORMATS.includes(format)) {
    const message = `'response_format' must be one of ${FORMATS.join(', ')} with this model.`
    throw unsupportedValue('response_format', message)
  }
  if (request.stream === true && isTimed(request))
    throw unsupportedValue('stream', `'stream' cannot be true with the format ${format}.`)
  if (include !== undefined) throw unsupported('include')
  if (Array.isArray(times) && times.some((each) => each !== 'segment'))
    throw unsupportedValue('timestamp_granularities', 'Only segments have times with this model.')
}

function temperatureOf(
  { temperature }: TranscriptionRequest,
  { generation }: Traits,
  draft: Notepad,
): number | undefined {
  if (generation <= LAST_WITH_TEMPERATURE) return temperature ?? 0
  if (temperature !== undefined) leaveOut(draft, 'temperature')
  return undefined
}

function leastThinking({ thinking }: Traits): ThinkingConfig | undefined {
  if (thinking.kind === 'none') return undefined
  return thinking.kind === 'budget'
    ? { thinkingBudget: thinking.lowest }
    : { thinkingLevel: thinking.levels[0] ?? 'low' }
}

function instruction(request: TranscriptionRequest, task: Task): string {
  const { language, prompt } = request
  return [
    TASKS[task],
    ...(language === undefined ? [] : [`The language of the speech is: ${JSON.stringify(language)}.`]),
    ...(prompt === undefined || prompt === ''
      ? []
      : [`For the spelling of names and terms only, this is what it is about: ${JSON.stringify(prompt)}.`]),
    ...(isTimed(request)
      ? ['Divide it into segments of a sentence each, with their times as MM:SS.mmm from the beginning.']
      : []),
  ].join(' ')
}

const TIME = { type: 'string', description: 'MM:SS.mmm' }
const SEGMENTS = {
  type: 'object',
  properties: {
    language: { type: 'string', description: 'Name of the language in English, in lower case.' },
    segments: {
      type: 'array',
      items: {
        type: 'object',
        properties: { start: TIME, end: TIME, text: { type: 'string' } },
        required: ['start', 'end', 'text'],
      },
    },
  },
  required: ['language', 'segments'],
}

/** Puts the sound where the text has an empty string for it: the first there is, before any text of the caller's. */
function withData(json: string, content: Chunks): Chunks {
  const empty = '"data":""'
  const at = json.indexOf(empty) + empty.length - 1
  return concatenated([textChunks(json.slice(0, at)), base64Chunks(content), textChunks(json.slice(at))])
}
