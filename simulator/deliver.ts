import type { JsonObject } from './json.ts'
import type { Script } from './script.ts'
import { Cut } from './types.ts'
import type { Clock, Frame, Framing, Received, Reply } from './types.ts'

interface Delivery {
  reply: Reply
  script: Script
  clock: Clock
  record: Received
  headers: Headers
  signal: AbortSignal
}

/** Turns a reply into a Response, with the script's faults on the way. */
export function deliver(delivery: Delivery): Response {
  const { reply, headers, record } = delivery
  for (const [name, value] of Object.entries(reply.headers ?? {})) headers.set(name, value)
  record.status = 200
  record.usage = reply.usage
  if (reply.kind === 'stream') {
    headers.set('content-type', reply.framing.contentType)
    headers.set('cache-control', 'no-cache')
    return new Response(bodyOf(events(reply.frames, reply.framing, delivery), delivery), { headers })
  }
  if (reply.kind === 'bytes') return binary(reply, delivery)
  return unary(JSON.stringify(delivery.script.body ?? reply.body), delivery)
}

/** Sound and plain text: whole, or cut in the middle. */
function binary(
  { bytes, contentType, status = 200 }: Extract<Reply, { kind: 'bytes' }>,
  delivery: Delivery,
): Response {
  delivery.record.status = status
  const { script, headers, record } = delivery
  headers.set('content-type', contentType)
  if (script.cutAfter === undefined) {
    record.bytes = bytes.length
    record.complete = true
    return new Response(bytes, { status, headers })
  }
  const half = bytes.subarray(0, Math.floor(bytes.length / 2))
  const pull = [half][Symbol.iterator]()
  return new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = pull.next()
        if (next.done === true) controller.error(new Cut())
        else controller.enqueue(next.value)
      },
    }),
    { headers },
  )
}

/** Small bodies go out whole; only a scripted fault or delay needs a stream. */
function unary(text: string, delivery: Delivery): Response {
  const { script, headers, record } = delivery
  headers.set('content-type', 'application/json; charset=UTF-8')
  if (script.nonJson !== undefined && script.nonJson !== false) {
    headers.set('content-type', 'text/html; charset=UTF-8')
    return whole(
      script.nonJson === true ? '<html><body>It works!</body></html>' : script.nonJson,
      headers,
      record,
    )
  }
  if (script.truncatedJson === true) return whole(text.slice(0, Math.floor(text.length / 2)), headers, record)
  if (
    script.cutAfter === undefined &&
    script.stallAfter === undefined &&
    script.byteByByte !== true &&
    script.splitAt === undefined
  ) {
    return whole(text, headers, record)
  }
  return new Response(bodyOf(unaryParts(text, delivery), delivery), { headers })
}

function whole(text: string, headers: Headers, record: Received): Response {
  const bytes = encoder.encode(text)
  record.bytes = bytes.length
  record.complete = true
  return new Response(bytes, { headers })
}

/** A unary body is "one event": a cut or a stall after 0 or more of them comes in the middle of the JSON. */
async function* unaryParts(text: string, { script, signal }: Delivery): AsyncGenerator<string> {
  if (script.cutAfter === undefined && script.stallAfter === undefined) {
    yield text
    return
  }
  yield text.slice(0, Math.floor(text.length / 2))
  if (script.cutAfter !== undefined) throw new Cut()
  await forever(signal)
}

async function* events(all: readonly Frame[], framing: Framing, delivery: Delivery): AsyncGenerator<string> {
  const { script, record } = delivery
  if (script.roleOnlyThenSilence === true) {
    record.events = 1
    yield framing.frame(JSON.stringify(framing.silence ?? all[0]?.data), 0)
    await forever(delivery.signal)
  }
  const frames = all.filter((frame) => kept(frame, script))
  for (const [index, frame] of frames.entries()) {
    await pause(index === 0 ? script.firstEventMs : script.gapMs, delivery)
    const fault = FAULTS.find((each) => script[each.field] === index)
    if (fault !== undefined) yield* fault.act(delivery, framing, index)
    if (fault?.ends === true) return
    if (script.comments === true) yield ': keep-alive\n\n'
    record.events = index + 1
    yield framing.frame(typeof frame.data === 'string' ? frame.data : JSON.stringify(frame.data), index)
  }
  yield* ending(frames.length, framing, delivery)
}

/** A fault due after more events than there are comes at the end, before what closes the stream. */
async function* ending(served: number, framing: Framing, delivery: Delivery): AsyncGenerator<string> {
  const fault = FAULTS.find((each) => (delivery.script[each.field] ?? -1) >= served)
  if (fault !== undefined) yield* fault.act(delivery, framing, served)
  if (fault?.ends !== true) yield framing.close
}

async function pause(ms: number | undefined, { clock, signal }: Delivery): Promise<void> {
  if (ms !== undefined && ms > 0) await clock.wait(ms, signal)
}

function kept(frame: Frame, script: Script): boolean {
  if (script.noDone === true && frame.kind === 'done') return false
  return !(script.noFinish === true && (frame.kind === 'finish' || frame.kind === 'usage'))
}

interface Fault {
  field: 'cutAfter' | 'stallAfter' | 'errorAfter' | 'malformedAfter'
  ends: boolean
  act(delivery: Delivery, framing: Framing, index: number): AsyncGenerator<string>
}

/** What happens after n events; a number beyond the last event means at the end of the stream. */
const FAULTS: readonly Fault[] = [
  {
    field: 'cutAfter',
    ends: true,
    async *act() {
      yield ''
      throw new Cut()
    },
  },
  {
    field: 'stallAfter',
    ends: true,
    async *act({ signal }) {
      yield ''
      await forever(signal)
    },
  },
  {
    field: 'errorAfter',
    ends: true,
    async *act({ script }, framing, index) {
      yield framing.failure(script, index)
    },
  },
  {
    field: 'malformedAfter',
    ends: false,
    async *act(_delivery, framing, index) {
      yield framing.frame('{"choices":[{"delta":{"content":"bro', index)
    },
  },
]

/** Nothing more comes until the caller gives up. */
function forever(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void =>
      reject(signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError'))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

const encoder = new TextEncoder()

/** Pulls one chunk at a time, so that a slow reader holds the simulator back as it would a provider. */
function bodyOf(
  parts: AsyncGenerator<string>,
  { script, record, signal, clock }: Delivery,
): ReadableStream<Uint8Array> {
  const chunks = split(parts, script)
  const gone = (): void => {
    if (record.complete || record.aborted) return
    record.aborted = true
    record.abortedAt = clock.now()
  }
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // As with fetch: an abort fails the body at once, not at the next read.
        const stop = (): void => {
          gone()
          if (!record.complete) controller.error(signal.reason)
        }
        signal.addEventListener('abort', stop, { once: true })
      },
      async pull(controller) {
        try {
          if (signal.aborted) throw signal.reason
          const next = await chunks.next()
          if (signal.aborted) throw signal.reason
          if (next.done === true) {
            record.complete = true
            controller.close()
            return
          }
          record.bytes += next.value.length
          controller.enqueue(next.value)
        } catch (error) {
          if (signal.aborted) gone()
          controller.error(error)
        }
      },
      cancel() {
        gone()
        void chunks.return(undefined).catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
}

async function* split(parts: AsyncGenerator<string>, script: Script): AsyncGenerator<Uint8Array> {
  let offset = 0
  for await (const part of parts) {
    const bytes = encoder.encode(part)
    for (const chunk of cut(bytes, offset, script)) if (chunk.length > 0) yield chunk
    offset += bytes.length
  }
}

/** `splitAt` counts bytes from the start of the body. */
function cut(bytes: Uint8Array, offset: number, script: Script): Uint8Array[] {
  if (script.byteByByte === true) return Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1))
  const within = (script.splitAt ?? []).map((at) => at - offset).filter((at) => at > 0 && at < bytes.length)
  const edges = [0, ...within.sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, index) => bytes.subarray(edges[index], end))
}

/** `usage` in a script overrides members; null removes one. */
export function withUsage(usage: JsonObject, script: Script): JsonObject {
  const merged: JsonObject = { ...usage, ...script.usage }
  for (const [name, value] of Object.entries(merged)) if (value === null) delete merged[name]
  return merged
}
