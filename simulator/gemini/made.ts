import { arrayOf, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { base64, pcm, PNG, secondsOf, wav } from '../samples.ts'
import type { Script } from '../script.ts'
import { invalidArgument } from './errors.ts'
import type { Model } from './models.ts'

/** What an answer holds beside text: a picture or speech, when that was asked for. */
export interface Made {
  parts: Json[]
  modality: 'IMAGE' | 'AUDIO'
  tokens: number
}

const RATIOS = ['1:1', '2:3', '3:2', '3:4', '4:3', '4:5', '5:4', '9:16', '16:9', '21:9']
const SIZES = ['1K', '2K', '4K']
/** gemini.md 6.1: what it is by default, by generation. */
const FIRST_WITH_WAV = 'gemini-3.8'

export function made(model: Model, request: JsonObject, text: string, script: Script): Made | undefined {
  const config = objectOf(request['generationConfig'])
  const asked = arrayOf(config['responseModalities'])
  if (model.kind === 'image' && asked.includes('IMAGE')) return picture(model, config, script)
  return model.kind === 'speech' && asked.includes('AUDIO') ? speech(model, config, text) : undefined
}

/** gemini.md 6.4. */
function picture(model: Model, config: JsonObject, script: Script): Made {
  const { aspectRatio, imageSize } = objectOf(config['imageConfig'])
  if (aspectRatio !== undefined && !RATIOS.includes(textOf(aspectRatio)))
    throw invalidArgument(`Invalid aspect ratio: ${textOf(aspectRatio)}`)
  if (imageSize !== undefined && (model.generation < 3 || !SIZES.includes(textOf(imageSize))))
    throw invalidArgument(`Invalid image size: ${textOf(imageSize)}`)
  const data = script.bigEvents === undefined ? PNG : 'A'.repeat(script.bigEvents)
  return { parts: [{ inlineData: { mimeType: 'image/png', data } }], modality: 'IMAGE', tokens: 1_290 }
}

/** gemini.md 6.1. */
function speech(model: Model, config: JsonObject, text: string): Made {
  const speechConfig = objectOf(config['speechConfig'])
  const voice = objectOf(objectOf(speechConfig['voiceConfig'])['prebuiltVoiceConfig'])['voiceName']
  if (voice !== undefined && !VOICES.includes(textOf(voice)))
    throw invalidArgument(`Voice name ${textOf(voice)} is not supported.`)
  const chooses = model.id.startsWith(FIRST_WITH_WAV)
  const format = objectOf(objectOf(config['responseFormat'])['audio'])['mimeType']
  if (format !== undefined && !chooses)
    throw invalidArgument('Audio response format is not supported for this model.')
  const samples = pcm(text)
  const raw = chooses ? format === 'AUDIO_L16' : true
  const inlineData = raw
    ? { mimeType: 'audio/L16;codec=pcm;rate=24000', data: base64(samples) }
    : { mimeType: 'audio/wav', data: base64(wav(samples)) }
  return { parts: [{ inlineData }], modality: 'AUDIO', tokens: secondsOf(text) * 25 }
}

const VOICES =
  'Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus Iapetus Umbriel Algieba Despina Erinome Algenib Rasalgethi Laomedeia Achernar Alnilam Schedar Gacrux Pulcherrima Achird Zubenelgenubi Vindemiatrix Sadachbia Sadaltager Sulafat'.split(
    ' ',
  )
