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

/** For benchmarks: nothing is parsed but the two facts that choose the answer. */
export async function canned(request: Request, url: URL, clock: Clock): Promise<Response> {
  const google = url.pathname.includes('/v1beta/')
  // The first two kilobytes would do, but the body has to be read to its end anyway.
  const body = await request.text()
  const parts = google ? (geminiParts ??= geminiCanned()) : (openaiParts ??= openaiCanned())
  const streamed = google ? url.pathname.includes(':stream') : STREAM.test(body)
  if (!streamed) return new Response(parts.body, { headers: { 'content-type': 'application/json' } })
  const paced = PACED.exec(google ? url.pathname : body)?.[1]
  const chunks = paced === undefined ? parts.bursts : parts.events
  return new Response(played(chunks, Number(paced ?? 0), clock, request.signal), {
    headers: { 'content-type': 'text/event-stream' },
  })
}

function played(
  chunks: readonly Uint8Array<ArrayBuffer>[],
  gapMs: number,
  clock: Clock,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const chunk = chunks[at++]
      if (chunk === undefined) return controller.close()
      if (gapMs > 0 && at > 1) await clock.wait(gapMs, signal)
      controller.enqueue(chunk)
    },
  })
}
