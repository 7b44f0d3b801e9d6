import { absent, adapted, refused, relayed, row, translated } from './cells.ts'
import type { Section } from './types.ts'

type Note = string | undefined

/** The same tests prove both sides. */
function endpoint(name: string) {
  const id = (test: string): string => `endpoint ${name} ${test}`
  return {
    /** Relayed to OpenAI, and translated for Gemini. */
    both: (what: string, test: string, gemini?: Note, openai?: Note) =>
      row(what, relayed(id(test), openai), translated(id(test), gemini)),
    openai: (what: string, test: string, note?: Note) => row(what, relayed(id(test), note)),
    gemini: (what: string, test: string, note?: Note) => row(what, undefined, translated(id(test), note)),
    relayedOrRefused: (what: string, test: string, note?: Note) =>
      row(what, relayed(id(test)), refused(id(test), note)),
    refused: (what: string, test: string, note?: Note) =>
      row(what, refused(id(test), note), refused(id(test), note)),
    absent: (what: string, test: string, note?: Note) => row(what, undefined, absent(id(test), note)),
    adapted: (what: string, test: string, note?: Note) => row(what, undefined, adapted(id(test), note)),
  }
}

const EVERY: Section = {
  title: 'Every endpoint',
  rows: [
    row(
      'the models that the product promises, on every endpoint that serves them',
      relayed('endpoint models'),
      translated('endpoint models'),
    ),
    row(
      'a model on an endpoint that does not serve it',
      absent('endpoint not served'),
      absent('endpoint not served'),
    ),
    row(
      'a model that is shut down',
      relayed('endpoint lifecycle', 'or followed to its successor, or refused'),
    ),
  ],
}

const CHAT_OVER_RESPONSES: Section = {
  title: 'Chat Completions of models that only exist on Responses',
  rows: [
    row('a chat', translated('endpoint chat over responses', 'as a response that is not stored')),
    row('tools that a model takes there only', translated('endpoint chat tools over responses')),
    row('`stop`, audio', refused('endpoint chat over responses refused')),
    row('`seed`, `logit_bias`', adapted('endpoint chat over responses hints', 'left out')),
  ],
}

const RESPONSES = endpoint('responses')
const RESPONSES_ROWS: Section = {
  title: 'Responses',
  rows: [
    RESPONSES.both('`input` as text, `instructions`', 'text', 'over the chat codec'),
    RESPONSES.openai('the bytes of request and answer', 'bytes'),
    RESPONSES.both('images in `input`', 'images'),
    RESPONSES.both('function calls and their outputs', 'functions'),
    RESPONSES.both('`text.format`', 'text.format'),
    RESPONSES.gemini('`reasoning`', 'reasoning', 'thoughts are a reasoning item'),
    RESPONSES.both('refusals, `max_output_tokens`', 'endings'),
    RESPONSES.both('`stream`', 'stream', 'the whole sequence of events'),
    RESPONSES.gemini('the order of events', 'events'),
    RESPONSES.openai('a stream that breaks', 'broken stream', 'ends in one error event'),
    RESPONSES.gemini('sampling, tools, limits and the other fields', 'fields'),
    RESPONSES.adapted('`max_tool_calls` and other hints', 'hints', 'left out'),
    RESPONSES.both('`previous_response_id`', 'previous_response_id', 'from what is stored here'),
    RESPONSES.both('a history made at another provider', 'across providers', 'its items are replayed'),
    RESPONSES.both('`store`', 'store', 'kept here, for the key’s tenant'),
    RESPONSES.both('retrieve, delete, input items', 'retrieve'),
    RESPONSES.both('responses of other tenants', 'ownership', 'do not exist', 'do not exist'),
    row(
      '`conversation`, where tenants share the account',
      refused('endpoint responses conversation', 'with 403'),
    ),
    RESPONSES.both('cancel', 'cancel', 'nothing here runs in the background'),
    row(
      '`background`',
      relayed('endpoint responses background'),
      refused('endpoint responses refused', 'not yet'),
    ),
    RESPONSES.openai('usage of work in the background', 'background usage', 'booked by the first look'),
    RESPONSES.both('requests about a response', 'looks', 'counted and booked', 'counted and booked'),
    row(
      '`conversation`, `prompt`, `truncation: auto`, hosted tools',
      undefined,
      refused('endpoint responses refused'),
    ),
  ],
}

const COMPLETIONS = endpoint('completions')
const bothOver = (what: string, test: string) =>
  row(
    what,
    translated(`endpoint completions ${test}`, 'over chat'),
    translated(`endpoint completions ${test}`, 'over chat'),
  )
const COMPLETIONS_ROWS: Section = {
  title: 'Completions (legacy)',
  rows: [
    bothOver('`prompt`', 'prompt'),
    bothOver('several prompts, `n`', 'prompt list, n'),
    bothOver('`stream`', 'stream'),
    bothOver('a stream that breaks', 'broken stream'),
    COMPLETIONS.refused('`echo`, `suffix`, `best_of`', 'echo, suffix, best_of'),
    row('token ids as a prompt', refused('endpoint completions token ids')),
  ],
}

const EMBEDDINGS = endpoint('embeddings')
const EMBEDDINGS_ROWS: Section = {
  title: 'Embeddings',
  rows: [
    EMBEDDINGS.openai('the bytes of the request', 'bytes'),
    EMBEDDINGS.both('`encoding_format: base64`', 'encoding_format base64'),
    EMBEDDINGS.both('`encoding_format: float`', 'encoding_format float'),
    EMBEDDINGS.both('`dimensions`', 'dimensions', 'brought to length 1'),
    EMBEDDINGS.both('more texts than a call takes', 'batches', 'split, and joined in order'),
    EMBEDDINGS.relayedOrRefused('token ids', 'token ids'),
    EMBEDDINGS.refused('an empty text', 'empty text'),
    EMBEDDINGS.both('usage and cost', 'usage'),
    EMBEDDINGS.gemini('an answer without usage', 'no usage', 'estimated'),
  ],
}

const IMAGES = endpoint('images')
const IMAGES_ROWS: Section = {
  title: 'Images',
  rows: [
    IMAGES.both('`prompt`, `n`', 'n', 'as many calls'),
    IMAGES.both('`stream`, `partial_images`', 'stream', 'one event: there are no partial pictures'),
    IMAGES.gemini('`size`, `quality`', 'size, quality', 'aspect ratio and size; listed'),
    row(
      '`response_format: url`, other sizes, a transparent background',
      undefined,
      refused('endpoint images refused'),
    ),
    IMAGES.both('what may not be drawn', 'moderation', '`moderation_blocked`'),
    IMAGES.gemini('a model that only talks', 'no picture', 'a 502 with its words'),
    IMAGES.both('a picture of 10 MB', 'size of the answer', 'its bytes are not parsed'),
  ],
}

const MODERATIONS = endpoint('moderations')
const MODERATIONS_ROWS: Section = {
  title: 'Moderations',
  rows: [
    MODERATIONS.openai('`input`, a missing `model`', 'input'),
    MODERATIONS.absent('a model that does not moderate', 'absent', 'Gemini has no moderation'),
  ],
}

const SPEECH = endpoint('speech')
const SPEECH_ROWS: Section = {
  title: 'Speech',
  rows: [
    SPEECH.both('`response_format: pcm`', 'pcm'),
    SPEECH.both('`response_format: wav`', 'wav', 'one header'),
    SPEECH.adapted('no `response_format`', 'no response_format', 'WAV'),
    row(
      '`response_format: mp3`, `opus`, `aac`, `flac`',
      undefined,
      refused('endpoint speech mp3, opus, aac, flac', 'the message names what there is'),
    ),
    SPEECH.both('`stream_format: sse`', 'stream_format sse'),
    SPEECH.gemini('`voice`, `instructions`', 'voice, instructions', 'by the generation of the model'),
    SPEECH.both('errors', 'errors'),
  ],
}

const TRANSCRIPTIONS = endpoint('transcriptions')
const TRANSCRIPTIONS_ROWS: Section = {
  title: 'Transcriptions',
  rows: [
    TRANSCRIPTIONS.both('`file`, `language`, `prompt`', 'file, json', 'every byte arrives'),
    TRANSCRIPTIONS.openai('the form', 'form', 'as it came, but for the model'),
    TRANSCRIPTIONS.openai('a form whose model a header names', 'unread', 'unread'),
    TRANSCRIPTIONS.both('a file of 20 MB', 'large file', 'encoded as it is sent'),
    TRANSCRIPTIONS.both('`response_format: text`', 'text'),
    TRANSCRIPTIONS.both('`response_format: srt`, `vtt`', 'srt, vtt'),
    TRANSCRIPTIONS.both('`response_format: verbose_json`', 'verbose_json', 'segments'),
    TRANSCRIPTIONS.both('`stream`', 'stream'),
    row(
      '`diarized_json`, word timestamps, `logprobs`',
      undefined,
      refused('endpoint transcriptions refused'),
    ),
    TRANSCRIPTIONS.refused('a file that is no sound', 'no sound'),
    TRANSCRIPTIONS.refused('broken, oversized or mistyped forms', 'bad forms'),
    TRANSCRIPTIONS.refused('a third upload at once', 'uploads at once', '503 with Retry-After'),
  ],
}
const TRANSLATIONS_ROWS: Section = {
  title: 'Translations',
  rows: [endpoint('translations').both('`file`', 'file')],
}

const REALTIME = endpoint('realtime')
const REALTIME_ROWS: Section = {
  title: 'Realtime',
  rows: [
    REALTIME.openai('events, both ways', 'events', 'the key goes no further'),
    REALTIME.openai('binary frames', 'binary'),
    REALTIME.openai('the end of a session', 'close', 'the code and reason of the other side'),
    REALTIME.openai('a session that breaks', 'end', 'counts against the upstream that broke it'),
    REALTIME.openai('a target that fails', 'routing', 'planned, tried and judged like any request'),
    REALTIME.openai('subprotocols', 'subprotocols', 'none that was not offered, never a key'),
    row('what is left of the beta', adapted('endpoint realtime beta', 'taken out')),
    REALTIME.openai('usage', 'usage', 'from the events that carry it; only those are parsed'),
    REALTIME.openai('`client_secrets`', 'client_secrets', 'but for the model'),
    REALTIME.openai('`calls`', 'calls', 'but for the model'),
    row('no Upgrade header', refused('endpoint realtime upgrade', '426')),
    row(
      'a bad key, a missing model, one that has no sessions',
      refused('endpoint realtime handshake', 'at the handshake'),
      absent('endpoint realtime handshake', 'Gemini Live is not served yet'),
    ),
  ],
}

export const ENDPOINTS: readonly Section[] = [
  EVERY,
  CHAT_OVER_RESPONSES,
  RESPONSES_ROWS,
  COMPLETIONS_ROWS,
  EMBEDDINGS_ROWS,
  IMAGES_ROWS,
  MODERATIONS_ROWS,
  SPEECH_ROWS,
  TRANSCRIPTIONS_ROWS,
  TRANSLATIONS_ROWS,
  REALTIME_ROWS,
]
