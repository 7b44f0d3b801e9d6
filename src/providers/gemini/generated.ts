import type { ChatUsage } from '../../protocol/chat.ts'
import { UpstreamFailure } from '../failure.ts'
import { bare } from './answer.ts'
import { blockReason, finishFor, refuseFailedFinish } from './finish.ts'
import { isList } from './read.ts'
import { chatUsage, mergedUsage } from './usage.ts'
import type { Answer, AnswerPart, GenerateContentResponse, UsageMetadata } from './wire.ts'

/** Reads what `generateContent` made, for the endpoints that want one kind of thing: a picture, speech, a transcript. */
export interface GeneratedReader {
  /** The visible parts of one event. Throws `UpstreamFailure` for an error in its place. */
  take(response: Answer): readonly AnswerPart[]
  /** Throws `UpstreamFailure` if the answer was withheld, cut short, or nothing came of what was asked for. */
  end(hasContent: boolean): void
  readonly usage: ChatUsage
  readonly modelVersion: string | undefined
  /** The model's own words, for when it talks instead. */
  readonly text: string
}

/** `whole`: one answer, not a stream, so that a missing finish reason is no missing end. */
export function readGenerated(whole: boolean): GeneratedReader {
  let finish: string | undefined
  let block: string | undefined
  let usage: UsageMetadata | undefined
  let modelVersion: string | undefined
  let text = ''
  function see(event: GenerateContentResponse): void {
    finish = event.candidates?.[0]?.finishReason || finish
    block ??= blockReason(event.promptFeedback?.blockReason)
    modelVersion ??= event.modelVersion || undefined
    if (event.usageMetadata) usage = mergedUsage(usage, event.usageMetadata)
  }
  return {
    take(response) {
      const event = bare(response)
      see(event)
      if (finish !== undefined) refuseFailedFinish(finish)
      const parts = visibleParts(event)
      for (const part of parts) text += part.text ?? ''
      return parts
    },
    end(hasContent) {
      const reason = finish ?? block
      if (finish === undefined && block !== undefined) throw withheld(block)
      if (reason === undefined && !whole) throw cutShort()
      if (reason !== undefined && finishFor(reason, hasContent) === 'content_filter') throw withheld(reason)
      if (!hasContent) throw nothing(text)
    },
    get usage() {
      return chatUsage(usage ?? {}, undefined)
    },
    get modelVersion() {
      return modelVersion
    },
    get text() {
      return text
    },
  }
}

function visibleParts(event: GenerateContentResponse): readonly AnswerPart[] {
  const list = event.candidates?.[0]?.content?.parts
  const parts: readonly (AnswerPart | null | undefined)[] = isList(list) ? list : []
  return parts.filter((part) => part !== null && part !== undefined).filter(({ thought }) => thought !== true)
}

/** In the words of OpenAI's images endpoint. */
function withheld(reason: string): UpstreamFailure {
  const shown = reason.replaceAll(/\W/g, '').slice(0, 60)
  return new UpstreamFailure({
    kind: 'content_policy',
    status: 400,
    message: `The request was rejected by the safety system of the model (${shown}).`,
    upstream: { type: 'invalid_request_error', code: 'moderation_blocked' },
  })
}
function nothing(text: string): UpstreamFailure {
  const said = text === '' ? '' : ` It said: ${text}`
  return new UpstreamFailure({ kind: 'empty', message: `The model made nothing of the request.${said}` })
}
function cutShort(): UpstreamFailure {
  const message = 'The stream from Gemini ended before the answer did.'
  return new UpstreamFailure({ kind: 'cut_short', message })
}
