import type { Clock } from './types.ts'

/** How many events a canned stream has. */
const EVENTS = 100
/** Events written at once: a burst fits one read, as from a fast provider. */
const BURST = 10

interface Canned {
  body: Uint8Array<ArrayBuffer>
  /** The stream's events, and the same joined into bursts. */
  events: readonly Uint8Array<ArrayBuffer>[]
  bursts: readonly Uint8Array<ArrayBuffer>[]
}

const encoder = new TextEncoder()
/** Copied, because the types of some runtimes say that an encoder might answer with shared memory. */
const encode = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(encoder.encode(text))

function prepare(body: string, events: readonly string[]): Canned {
  const bursts: Uint8Array<ArrayBuffer>[] = []
  for (let at = 0; at < events.length; at += BURST) bursts.push(encode(events.slice(at, at + BURST).join('')))
  return { body: encode(body), events: events.map(encode), bursts }
}

const USAGE = { prompt_tokens: 20, completion_tokens: EVENTS, total_tokens: 20 + EVENTS }

function openaiCanned(): Canned {
  const base = {
    id: 'chatcmpl-canned',
    created: 1_790_000_000,
    model: 'gpt-4.1-2025-04-14',
    service_tier: 'default',
    system_fingerprint: 'fp_sim',
  }
  const chunk = (choices: unknown, usage: unknown = null): string =>
    `data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices, usage })}\n\n`
  const message = { role: 'assistant', content: 'word '.repeat(EVENTS), refusal: null, annotations: [] }
  const choice = { index: 0, message, logprobs: null, finish_reason: 'stop' }
  const deltas = Array.from({ length: EVENTS - 4 }, () =>
    chunk([{ index: 0, delta: { content: 'word ' }, logprobs: null, finish_reason: null }]),
  )
  return prepare(JSON.stringify({ ...base, object: 'chat.completion', choices: [choice], usage: USAGE }), [
    chunk([
      {
        index: 0,
        delta: { role: 'assistant', content: '', refusal: null },
        logprobs: null,
        finish_reason: null,
      },
    ]),
    ...deltas,
    chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }]),
    chunk([], USAGE),
    'data: [DONE]\n\n',
  ])
}

function geminiCanned(): Canned {
  const usage = (count: number): object => ({
    promptTokenCount: 20,
    candidatesTokenCount: count,
    totalTokenCount: 20 + count,
  })
  const base = { modelVersion: 'gemini-3.8-flash', responseId: 'canned' }
  const event = (text: string, count: number, finish: object): string =>
    JSON.stringify({
      candidates: [{ content: { parts: [{ text }], role: 'model' }, ...finish }],
      usageMetadata: usage(count),
      ...base,
    })
  return prepare(
    event('word '.repeat(EVENTS), EVENTS, { finishReason: 'STOP' }),
    Array.from(
      { length: EVENTS },
      (_, at) => `data: ${event('word ', at + 1, at === EVENTS - 1 ? { finishReason: 'STOP' } : {})}\r\n\r\n`,
    ),
  )
}

let openaiParts: Canned | undefined
let geminiParts: Canned | undefined

const STREAM = /"stream"\s*:\s*true/
const PACED = /-paced(\d+)/
const LONG = /-events(\d+)/

/** What a canned request is answered with: one body, or chunks with a pause between them. */
export type CannedAnswer =
  | { kind: 'body'; body: Uint8Array<ArrayBuffer> }
  | { kind: 'stream'; chunks: Iterable<Uint8Array<ArrayBuffer>>; gapMs: number }

/**
 * Chooses by the path and the beginning of the body, nothing else. A model's name may end in `-paced10` (one event
 * every 10 ms) or `-events200000` (that many events, in bursts).
 */
export function cannedAnswer(path: string, body: string): CannedAnswer {
  const google = path.includes('/v1beta/')
  const parts = google ? (geminiParts ??= geminiCanned()) : (openaiParts ??= openaiCanned())
  const streamed = google ? path.includes(':stream') : STREAM.test(body)
  if (!streamed) return { kind: 'body', body: parts.body }
  const model = google ? path : body
  const paced = PACED.exec(model)?.[1]
  if (paced !== undefined) return { kind: 'stream', chunks: parts.events, gapMs: Number(paced) }
  const long = LONG.exec(model)?.[1]
  const chunks = long === undefined ? parts.bursts : lengthened(parts.bursts, Number(long))
  return { kind: 'stream', chunks, gapMs: 0 }
}

/** The same beginning and end with as many bursts between them as it takes. */
function* lengthened(
  bursts: readonly Uint8Array<ArrayBuffer>[],
  events: number,
): Generator<Uint8Array<ArrayBuffer>, void> {
  const [first, middle, ...rest] = bursts
  const last = rest.at(-1)
  if (first === undefined || middle === undefined || last === undefined) return
  yield first
  for (let sent = 2 * BURST; sent < events; sent += BURST) yield middle
  yield last
}

/** For benchmarks: nothing is parsed but the two facts that choose the answer. */
export async function canned(request: Request, url: URL, clock: Clock): Promise<Response> {
  const answer = cannedAnswer(url.pathname, await request.text())
  if (answer.kind === 'body')
    return new Response(answer.body, { headers: { 'content-type': 'application/json' } })
  return new Response(played(answer.chunks, answer.gapMs, clock, request.signal), {
    headers: { 'content-type': 'text/event-stream' },
  })
}

function played(
  chunks: Iterable<Uint8Array<ArrayBuffer>>,
  gapMs: number,
  clock: Clock,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const rest = chunks[Symbol.iterator]()
  let at = 0
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = rest.next()
      if (done === true) return controller.close()
      if (gapMs > 0 && at++ > 0) await clock.wait(gapMs, signal)
      controller.enqueue(value)
    },
  })
}
