import { isChatChunk } from './chat-replay.ts'
import type { Completion, CompletionChoice } from './completions.ts'

/** A completion in one piece and the same completion as a stream: each from the other, for who asks otherwise than was asked first. */
export const completionsReplay = { isEvent, toEvents, toResponse }

/** In outline a chunk of a chat: `choices`, and who made them. */
function isEvent(value: unknown): value is Completion {
  return isChatChunk(value)
}

/** For each choice its text, then its end; the endpoint's `trim` takes out what was not asked for. */
function toEvents({ choices, usage, ...rest }: Completion): readonly Completion[] {
  const chunks = choices.flatMap((choice) => [
    ...(choice.text === '' ? [] : [{ ...choice, finish_reason: null }]),
    { ...choice, text: '', logprobs: null },
  ])
  const events = chunks.map((chunk): Completion => ({ ...rest, choices: [chunk], usage: null }))
  return usage === undefined || usage === null ? events : [...events, { ...rest, choices: [], usage }]
}

/** Adds the chunks up. Undefined if one of the choices has not ended. */
function toResponse(chunks: readonly Completion[]): Completion | undefined {
  const [head] = chunks
  if (head === undefined) return undefined
  const choices = new Map<number, CompletionChoice>()
  let about: Completion = head
  for (const { id: _, choices: parts, usage, ...more } of chunks) {
    about = { ...about, ...more, ...(usage && { usage }) }
    for (const part of parts) choices.set(part.index, joined(choices.get(part.index), part))
  }
  const ended = [...choices.values()].sort((a, b) => a.index - b.index)
  const isWhole = ended.length > 0 && ended.every(({ finish_reason: reason }) => typeof reason === 'string')
  return isWhole ? { ...about, choices: ended } : undefined
}

function joined(before: CompletionChoice | undefined, part: CompletionChoice): CompletionChoice {
  if (before === undefined) return part
  return {
    ...before,
    text: before.text + part.text,
    logprobs: joinedLogprobs(before.logprobs, part.logprobs),
    finish_reason: part.finish_reason ?? before.finish_reason,
  }
}

function joinedLogprobs(
  a: CompletionChoice['logprobs'],
  b: CompletionChoice['logprobs'],
): CompletionChoice['logprobs'] {
  if (!a || !b) return a ?? b
  return {
    tokens: [...a.tokens, ...b.tokens],
    token_logprobs: [...a.token_logprobs, ...b.token_logprobs],
    top_logprobs: [...a.top_logprobs, ...b.top_logprobs],
    text_offset: [...a.text_offset, ...b.text_offset],
  }
}
