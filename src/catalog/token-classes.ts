import type { Usage } from '../protocol/usage.ts'
import type { TokenRates } from './model-card.ts'

export type TokenClass = keyof TokenRates

/** A count as providers should send it; what is no positive number counts nothing. */
export function count(value: number | undefined): number {
  if (value === undefined || !(value > 0)) return 0
  return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER)
}

/**
 * Splits usage into classes that do not overlap, each billed at one rate. Providers' details may not add
 * up: a part is cut to what is left of its whole, so that no token is billed twice.
 */
export function tokenClasses(usage: Usage): Record<TokenClass, number> {
  const input = inputClasses(usage)
  let left = count(usage.outputTokens)
  const take = (wanted: number | undefined) => {
    const taken = Math.min(count(wanted), left)
    left -= taken
    return taken
  }
  const audioOut = take(usage.audioOutputTokens)
  const imageOut = take(usage.imageOutputTokens)
  const videoOut = take(usage.videoOutputTokens)
  return { ...input, audioOut, imageOut, videoOut, output: left }
}

type InputClass = Exclude<TokenClass, 'output' | 'audioOut' | 'imageOut' | 'videoOut'>

function inputClasses(usage: Usage): Record<InputClass, number> {
  const total = count(usage.inputTokens)
  const audio = Math.min(count(usage.audioInputTokens), total)
  const image = Math.min(count(usage.imageInputTokens), total - audio)
  const videoIn = Math.min(count(usage.videoInputTokens), total - audio - image)
  const text = total - audio - image - videoIn

  const allCached = Math.min(count(usage.cachedTokens), total - videoIn)
  const namedAudio = Math.min(count(usage.cachedAudioTokens), audio, allCached)
  const cachedImageIn = Math.min(count(usage.cachedImageTokens), image, allCached - namedAudio)
  const cached = Math.min(allCached - namedAudio - cachedImageIn, text)
  // Chat Completions reports cached tokens without their modality: what text cannot hold is audio.
  const cachedAudioIn = Math.min(allCached - cachedImageIn - cached, audio)

  const written = Math.min(count(usage.cacheWriteTokens), text - cached)
  const cacheWrite12h = Math.min(count(usage.cacheWrite12hTokens), written)
  return {
    input: text - cached - written,
    cached,
    cacheWrite: written - cacheWrite12h,
    cacheWrite12h,
    audioIn: audio - cachedAudioIn,
    cachedAudioIn,
    imageIn: image - cachedImageIn,
    cachedImageIn,
    videoIn,
  }
}
