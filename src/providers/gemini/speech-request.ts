import type { SpeechRequest } from '../../protocol/speech.ts'
import type { CodecContext, Upstream } from '../provider.ts'
import { approximate, leaveOut, leaveOutOthers, type Notepad, unsupportedValue } from './draft.ts'
import { CHOOSES_FORMAT, voiceName } from './modalities.ts'
import { modelPath, traitsOf } from './model.ts'
import type { GenerateContentRequest, RequestPart } from './wire.ts'

const FORMATS: Readonly<Record<string, string>> = { pcm: 'AUDIO_L16', wav: 'AUDIO_WAV' }
const POSSIBLE = "'response_format' must be wav or pcm with this model."
const READ: ReadonlySet<string> = new Set([
  'model',
  'input',
  'voice',
  'instructions',
  'response_format',
  'speed',
  'stream_format',
])

/** Throws `GatewayError` for what cannot be spoken as asked. */
export function encodeSpeech(request: SpeechRequest, context: CodecContext): Upstream {
  const draft: Notepad = { context, adapted: new Set() }
  const chooses = traitsOf(context.target.model).generation >= CHOOSES_FORMAT
  const format = formatOf(request, draft)
  if (typeof request.speed === 'number' && request.speed !== 1) leaveOut(draft, 'speed')
  leaveOutOthers(draft, request, READ)
  const body: GenerateContentRequest = {
    contents: [{ role: 'user', parts: [partOf(request, chooses)] }],
    generationConfig: {
      responseModalities: ['AUDIO'],
      speechConfig: {
        voiceConfig: { prebuiltVoiceConfig: { voiceName: voiceName(request.voice, 'voice') } },
      },
      ...(chooses && { responseFormat: { audio: { mimeType: FORMATS[format] } } }),
    },
  }
  const streams = request.stream_format === 'sse'
  const method = streams ? 'streamGenerateContent?alt=sse' : 'generateContent'
  return {
    path: `/v1beta/${modelPath(context.target.model)}:${method}`,
    body: JSON.stringify(body),
    adapted: [...draft.adapted],
  }
}

/** Nobody encodes MP3 here, which is what a request without a format asks OpenAI for. */
function formatOf({ response_format: format }: SpeechRequest, draft: Notepad): string {
  if (format === undefined || format === null) {
    approximate(draft, { parameter: 'response_format', what: 'wav', message: POSSIBLE })
    return 'wav'
  }
  if (!Object.hasOwn(FORMATS, format)) throw unsupportedValue('response_format', POSSIBLE)
  return format
}

/** The newer models take the style apart from the text, the older ones before it. */
function partOf({ input, instructions }: SpeechRequest, newer: boolean): RequestPart {
  if (instructions === undefined || instructions === null || instructions === '') return { text: input }
  return newer
    ? { text: input, speechMetadata: { style: instructions } }
    : { text: `${instructions}: ${input}` }
}
