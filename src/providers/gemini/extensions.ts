import type { ChatRequest } from '../../protocol/chat.ts'
import { isRecord } from '../../protocol/guards.ts'
import type { Draft } from './draft.ts'
import { leaveOut } from './draft.ts'
import type { JsonObject } from './read.ts'
import {
  flagIn,
  integerIn,
  invalidValue,
  isList,
  listAt,
  objectAt,
  objectIn,
  textAt,
  textIn,
} from './read.ts'
import type { ThinkingConfig } from './wire.ts'

/** What Google's own OpenAI-compatible endpoint takes as `extra_body.google`; also read from `google`. */
export interface GoogleOptions {
  readonly at: string
  readonly options: JsonObject
}

export function googleOptions(request: ChatRequest): GoogleOptions | undefined {
  const direct = objectIn(request['google'], 'google')
  if (direct !== undefined) return { at: 'google', options: direct }
  const extra = objectIn(request['extra_body'], 'extra_body')
  const nested = extra && objectIn(extra['google'], 'extra_body.google')
  return nested && { at: 'extra_body.google', options: nested }
}

export function googleThinking(google: GoogleOptions | undefined): ThinkingConfig | undefined {
  if (google === undefined) return undefined
  const at = `${google.at}.thinking_config`
  const config = objectIn(google.options['thinking_config'] ?? google.options['thinkingConfig'], at)
  if (config === undefined) return undefined
  const thinkingBudget = integerIn(
    config['thinking_budget'] ?? config['thinkingBudget'],
    `${at}.thinking_budget`,
  )
  const thinkingLevel = textIn(config['thinking_level'] ?? config['thinkingLevel'], `${at}.thinking_level`)
  const includeThoughts = flagIn(
    config['include_thoughts'] ?? config['includeThoughts'],
    `${at}.include_thoughts`,
  )
  if (thinkingBudget !== undefined && thinkingLevel !== undefined) {
    throw invalidValue(at, `'${at}' takes a budget or a level, not both.`)
  }
  return {
    ...(thinkingBudget !== undefined && { thinkingBudget }),
    ...(thinkingLevel !== undefined && { thinkingLevel }),
    ...(includeThoughts !== undefined && { includeThoughts }),
  }
}

/** The rest of Google's own options, in Google's spelling; an option that is not listed here is left out. */
export interface Extensions {
  readonly cachedContent?: string
  readonly safetySettings?: unknown
  readonly continuationToken?: string
  readonly mediaResolution?: string
  readonly imageConfig?: unknown
  readonly retrievalConfig?: unknown
}

const OPTIONS: Readonly<Record<string, (value: unknown, at: string) => Extensions>> = {
  thinking_config: () => ({}),
  thinkingConfig: () => ({}),
  cached_content: (value, at) => ({ cachedContent: matching(value, at, /^cachedContents\/[A-Za-z0-9_-]+$/) }),
  continuation_token: (value, at) => ({ continuationToken: textAt(value, at) }),
  safety_settings: (value, at) => ({
    safetySettings: listAt(value, at).map((each, i) => camel(objectAt(each, `${at}[${i}]`))),
  }),
  media_resolution: (value, at) => ({ mediaResolution: matching(value, at, /^MEDIA_RESOLUTION_[A-Z]+$/) }),
  image_config: (value, at) => ({ imageConfig: camel(objectAt(value, at)) }),
  retrieval_config: (value, at) => ({ retrievalConfig: camel(objectAt(value, at)) }),
}

export function readExtensions(draft: Draft): Extensions {
  const google = googleOptions(draft.request)
  if (google === undefined) return {}
  let extensions: Extensions = {}
  for (const [name, value] of Object.entries(google.options)) {
    const read = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined
    if (value === null || value === undefined) continue
    if (read === undefined) leaveOut(draft, `google.${name}`, `${google.at}.${name}`)
    else extensions = { ...extensions, ...read(value, `${google.at}.${name}`) }
  }
  return extensions
}
function matching(value: unknown, at: string, pattern: RegExp): string {
  const text = textAt(value, at)
  if (!pattern.test(text)) throw invalidValue(at, `'${at}' is not a value that Gemini knows.`)
  return text
}
/** Google reads both spellings, but one of them is enough for whoever reads the request after us. */
function camel(value: unknown): unknown {
  if (isList(value)) return value.map(camel)
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      camel(inner),
    ]),
  )
}
