import { randomText } from '../../lib/chance.ts'
import type {
  AnswerImage,
  AssistantMessage,
  ChatChoice,
  ChatCompletion,
  ChatRequest,
  FunctionToolCall,
} from '../../protocol/chat.ts'
import type { CodecContext } from '../provider.ts'
import type { AnswerReader, Ending } from './answer.ts'
import { readAnswer } from './answer.ts'
import type { PartSink, ReadCall } from './part-sink.ts'
import type { Answer } from './wire.ts'

interface Gathered {
  text: string
  thoughts: string
  readonly calls: ReadCall[]
  readonly images: AnswerImage[]
  readonly audio: string[]
}

/** A whole answer as OpenAI's; throws `UpstreamFailure` if it is none (gemini.md 4.9). */
export function decodeChat(body: Answer, request: ChatRequest, context: CodecContext): ChatCompletion {
  const answer = readAnswer(request, context, true)
  const gathered: Gathered = { text: '', thoughts: '', calls: [], images: [], audio: [] }
  const sink = gatherer(gathered)
  answer.take(body, sink)
  const ending = answer.end(sink)
  return {
    id: answer.id,
    object: 'chat.completion',
    created: answer.created,
    model: request.model,
    choices: [choice(gathered, answer, ending, context)],
    usage: ending.usage,
    ...(ending.tier !== undefined && { service_tier: ending.tier }),
    system_fingerprint: null,
    ...(answer.modelVersion !== undefined && { model_version: answer.modelVersion }),
  }
}

function gatherer(into: Gathered): PartSink {
  return {
    text: (text) => void (into.text += text),
    thought: (text) => void (into.thoughts += text),
    call: (call) => void into.calls.push(call),
    signCall: (call) => void (into.calls[call.index] = call),
    image: (url, extra) =>
      void into.images.push({
        type: 'image_url',
        image_url: { url },
        ...(extra && { extra_content: extra }),
      }),
    audio: (data) => void into.audio.push(data),
  }
}

function choice(
  gathered: Gathered,
  { plan, created }: AnswerReader,
  ending: Ending,
  context: CodecContext,
): ChatChoice {
  const { calls, images, audio, thoughts } = gathered
  const message: AssistantMessage = {
    role: 'assistant',
    content: contentOf(gathered, ending),
    refusal: ending.refusal ?? null,
    ...callFields(calls, plan.legacy),
    ...(ending.annotations.length > 0 && { annotations: ending.annotations }),
    ...(thoughts !== '' && { reasoning_content: thoughts }),
    ...(images.length > 0 && { images }),
    ...(audio.length > 0 && {
      audio: { id: audioId(context), data: joinBase64(audio), transcript: '', expires_at: created },
    }),
    ...extraField(calls, plan.legacy, ending),
  }
  return {
    index: 0,
    message,
    logprobs: null,
    finish_reason: ending.finish,
    ...(ending.native !== undefined && { native_finish_reason: ending.native }),
  }
}

/** null beside calls, audio or a refusal; otherwise a text, if need be an empty one, which clients expect. */
function contentOf({ text, calls, audio }: Gathered, { refusal }: Ending): string | null {
  return text === '' && (calls.length > 0 || audio.length > 0 || refusal !== undefined) ? null : text
}
function callFields(
  calls: readonly ReadCall[],
  legacy: boolean,
): Pick<AssistantMessage, 'tool_calls' | 'function_call'> {
  const [first] = calls
  if (first === undefined) return {}
  return legacy
    ? { function_call: { name: first.name, arguments: first.arguments } }
    : { tool_calls: calls.map(toolCall) }
}
function toolCall(call: ReadCall): FunctionToolCall {
  return {
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: call.arguments },
    ...(call.extra && { extra_content: call.extra }),
  }
}
/** The legacy call has no place for its signature but the message. */
function extraField(
  calls: readonly ReadCall[],
  legacy: boolean,
  { extra }: Ending,
): Pick<AssistantMessage, 'extra_content'> {
  const own = legacy ? calls[0]?.extra : undefined
  const google = { ...extra?.google, ...own?.google }
  return Object.keys(google).length > 0 ? { extra_content: { google } } : {}
}

/** Nobody can look it up later: the answer expires as it is given. */
export function audioId(context: CodecContext): string {
  return `audio_${randomText(context.chance)}`
}
/** Pieces of PCM, each padded for itself. */
function joinBase64(pieces: readonly string[]): string {
  const padded = pieces.slice(0, -1).some((piece) => piece.endsWith('='))
  return padded ? btoa(pieces.map((piece) => atob(piece)).join('')) : pieces.join('')
}
