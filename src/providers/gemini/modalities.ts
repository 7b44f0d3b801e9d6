import { isRecord } from '../../protocol/guards.ts'
import type { Draft } from './draft.ts'
import { unsupported, unsupportedValue } from './draft.ts'
import { isAbsent, listIn, nonEmptyTextAt, objectAt, textAt } from './read.ts'
import type { GenerationConfig } from './wire.ts'

/** OpenAI's voices by the nearest of Google's; Google's own names pass (gemini.md 6.1). */
const VOICES: Readonly<Record<string, string>> = {
  alloy: 'Zephyr',
  ash: 'Charon',
  ballad: 'Fenrir',
  cedar: 'Charon',
  coral: 'Aoede',
  echo: 'Puck',
  fable: 'Leda',
  marin: 'Aoede',
  nova: 'Kore',
  onyx: 'Orus',
  sage: 'Kore',
  shimmer: 'Leda',
  verse: 'Orus',
}

/** The first generation that chooses its container; those before answer in raw PCM only. */
export const CHOOSES_FORMAT = 3.8
const FORMATS: Readonly<Record<string, string>> = { pcm16: 'AUDIO_L16', wav: 'AUDIO_WAV' }

/** `modalities` and `audio`: what the model must be made for, exactly (gemini.md 2.7). */
export function speechConfig(draft: Draft): GenerationConfig {
  const { output } = draft.traits
  const wanted = wantedModalities(draft)
  for (const each of wanted) {
    if (each !== 'text' && each !== output) {
      throw unsupportedValue(
        'modalities',
        `The modality '${printable(each)}' is not supported with this model.`,
      )
    }
  }
  if (wanted.has('audio')) return spoken(draft)
  if (output === 'audio') throw unsupportedValue('modalities', 'This model answers in audio only.')
  if (!isAbsent(draft.request.audio)) throw unsupported('audio')
  if (!wanted.has('image')) return {}
  return { responseModalities: wanted.has('text') ? ['TEXT', 'IMAGE'] : ['IMAGE'] }
}
function wantedModalities(draft: Draft): ReadonlySet<string> {
  const listed = listIn(draft.request.modalities, 'modalities')?.map((each, i) =>
    textAt(each, `modalities[${i}]`),
  )
  return new Set(listed ?? (draft.traits.output === 'audio' ? ['audio'] : []))
}

function spoken(draft: Draft): GenerationConfig {
  const audio = objectAt(draft.request.audio ?? undefined, 'audio')
  const format = textAt(audio['format'], 'audio.format')
  const chooses = draft.traits.generation >= CHOOSES_FORMAT
  const mimeType =
    Object.hasOwn(FORMATS, format) && (chooses || format === 'pcm16') ? FORMATS[format] : undefined
  if (mimeType === undefined) {
    const possible = chooses ? 'pcm16 or wav' : 'pcm16'
    throw unsupportedValue('audio.format', `'audio.format' must be ${possible} with this model.`)
  }
  const voice = voiceName(audio['voice'], 'audio.voice')
  return {
    responseModalities: ['AUDIO'],
    speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: voice } } },
    ...(chooses && { responseFormat: { audio: { mimeType } } }),
  }
}
/** Google's voice for one of OpenAI's, or of its own. */
export function voiceName(value: unknown, param: string): string {
  const name = nonEmptyTextAt(isRecord(value) ? value['id'] : value, param)
  return Object.hasOwn(VOICES, name) ? (VOICES[name] ?? name) : name
}
function printable(text: string): string {
  return text.replace(/[^\w-]/g, '?').slice(0, 40)
}
