import type { Decoder } from '../../lib/sse.ts'
import type { ChatChunk, ChatDelta, ChatRequest, ChunkChoice } from '../../protocol/chat.ts'
import type { CodecContext } from '../provider.ts'
import type { AnswerReader, Ending } from './answer.ts'
import { readAnswer } from './answer.ts'
import type { PartSink, ReadCall } from './part-sink.ts'
import { audioId } from './response.ts'
import type { Answer } from './wire.ts'

type Emit = (chunk: ChatChunk) => void

/**
 * Google's stream as OpenAI's chunks (gemini.md 4.10). The usage chunk always comes; the shell hides it from a
 * caller who did not ask. An end without a reason throws `UpstreamFailure`: there is no made-up `stop`.
 */
export function chatEvents(request: ChatRequest, context: CodecContext): Decoder<Answer, ChatChunk> {
  const answer = readAnswer(request, context, false)
  const chunks = chunkMaker(request, answer)
  let out: Emit = () => {}
  let begun = false
  // The role comes with the first thing there is to say, so that a failure before it leaves no trace.
  function send(chunk: ChatChunk): void {
    if (!begun) out(chunks.delta({ role: 'assistant', content: '', refusal: null }))
    begun = true
    out(chunk)
  }
  const sink = deltas((delta) => send(chunks.delta(delta)), answer, context)
  return {
    push(event, emit) {
      out = emit
      answer.take(event, sink)
    },
    end(emit) {
      out = emit
      const ending = answer.end(sink)
      if (ending.refusal !== undefined) send(chunks.delta({ refusal: ending.refusal }))
      send(chunks.finish(ending))
      emit(chunks.usage(ending))
    },
  }
}

interface ChunkMaker {
  delta(delta: ChatDelta): ChatChunk
  finish(ending: Ending): ChatChunk
  usage(ending: Ending): ChatChunk
}

function chunkMaker(request: ChatRequest, answer: AnswerReader): ChunkMaker {
  const { model } = request
  // The key stands on every chunk if usage was asked for, and on none otherwise (openai.md 2.8).
  const asked = request.stream_options?.include_usage === true
  const noUsage = asked ? { usage: null } : {}
  function chunk(choices: readonly ChunkChoice[]): ChatChunk {
    return {
      id: answer.id,
      object: 'chat.completion.chunk',
      created: answer.created,
      model,
      choices,
      ...noUsage,
    }
  }
  return {
    delta: (delta) => chunk([{ index: 0, delta, logprobs: null, finish_reason: null }]),
    finish: (ending) => chunk([finishChoice(ending)]),
    usage: (ending) => ({
      ...chunk([]),
      usage: ending.usage,
      ...(ending.tier !== undefined && { service_tier: ending.tier }),
      ...(answer.modelVersion !== undefined && { model_version: answer.modelVersion }),
    }),
  }
}
function finishChoice({ finish, native, annotations, extra }: Ending): ChunkChoice {
  return {
    index: 0,
    delta: { ...(annotations.length > 0 && { annotations }), ...(extra && { extra_content: extra }) },
    logprobs: null,
    finish_reason: finish,
    ...(native !== undefined && { native_finish_reason: native }),
  }
}

/** Id, type and name stand in a call's first delta only: clients append what they get twice. */
function deltas(give: (delta: ChatDelta) => void, answer: AnswerReader, context: CodecContext): PartSink {
  const { plan } = answer
  let images = 0
  let speaking = false
  return {
    text: (content) => give({ content }),
    thought: (text) => give({ reasoning_content: text }),
    call: (call) => give(plan.legacy ? legacyDelta(call) : callDelta(call)),
    signCall({ index, extra }) {
      if (extra !== undefined)
        give(plan.legacy ? { extra_content: extra } : { tool_calls: [{ index, extra_content: extra }] })
    },
    image: (url, extra) =>
      give({
        images: [
          { index: images++, type: 'image_url', image_url: { url }, ...(extra && { extra_content: extra }) },
        ],
      }),
    audio(data) {
      give({
        audio: speaking
          ? { data }
          : { id: audioId(context), data, transcript: '', expires_at: answer.created },
      })
      speaking = true
    },
  }
}
function callDelta({ index, id, name, arguments: args, extra }: ReadCall): ChatDelta {
  return {
    tool_calls: [
      {
        index,
        id,
        type: 'function',
        function: { name, arguments: args },
        ...(extra && { extra_content: extra }),
      },
    ],
  }
}
function legacyDelta({ name, arguments: args, extra }: ReadCall): ChatDelta {
  return { function_call: { name, arguments: args }, ...(extra && { extra_content: extra }) }
}
