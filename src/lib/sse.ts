import type { Timers } from './clock.ts'
import { SseSplitter } from './sse-split.ts'

/** A push-style event mapper: its own state, no I/O, nothing allocated but what it emits. */
export interface Decoder<In, Out> {
  push(event: In, emit: (out: Out) => void): void
  /** The upstream ended. Emits what is still owed; throws if the stream was cut short. */
  end(emit: (out: Out) => void): void
}

/** What is done with each upstream event; `write` takes whole events for the client. */
export interface Sink {
  push(data: string, raw: string, write: (text: string) => void): void
  /** The upstream ended without an error of the transport; throws if the stream was cut short all the same. */
  end(write: (text: string) => void): void
  /** Something meaningful was written: from here on, the answer is committed. */
  readonly started: boolean
}

export type Finish = 'complete' | 'cancelled' | 'cut-short'

export interface RelayOptions {
  readonly timers: Timers
  /** Longest wait for a real event; comments do not count (known bug 67). */
  readonly stallMs: number
  /** Silence after which a comment tells the client that the gateway lives. */
  readonly keepAliveMs: number
  /** An event that is longer is an attack or a fault. */
  readonly maxEventChars: number
  /** What `started` and the error frame say of a stall. */
  readonly stalled: () => Error
  /** The one frame that ends a broken stream; no `[DONE]` follows. */
  readonly errorFrame: (thrown: unknown) => string
  readonly onCancel: () => void
}

export interface Relay {
  /**
   * Resolves at the first meaningful event, or when the stream ended before one; rejects if it broke before one.
   * Nothing has been sent until then.
   */
  start(): Promise<void>
  readonly body: ReadableStream<Uint8Array>
  /** Settles once: the last byte has left, the client has gone, or the upstream has failed. Never rejects. */
  readonly finished: Promise<{ readonly finish: Finish; readonly thrown?: unknown }>
}

/** One newline, not two: after a blank line, clients that track event ids see an empty event (known bug 65). */
export const KEEP_ALIVE = ': keep-alive\n'
const encoder = new TextEncoder()

/**
 * The one stream loop. It reads when the client wants more, forwards whole events only, and ends a broken stream
 * with one error frame. Text, not bytes, passes through it: valid UTF-8 comes out as it went in.
 */
export function relay(upstream: ReadableStream<Uint8Array>, sink: Sink, options: RelayOptions): Relay {
  const { timers } = options
  const reader = upstream.getReader()
  const decoder = new TextDecoder()
  const finished = Promise.withResolvers<{ finish: Finish; thrown?: unknown }>()
  let ready = ''
  let state: 'open' | 'ended' | 'broken' | 'cancelled' = 'open'
  let thrown: unknown
  let eventAt = timers.now()
  let writtenAt = eventAt
  let wantedAt = eventAt
  let reading = false
  let stopWatch: (() => void) | undefined

  const write = (text: string): void => {
    ready += text
  }
  const splitter = new SseSplitter((data, raw) => {
    eventAt = timers.now()
    sink.push(data, raw, write)
  }, options.maxEventChars)

  const fail = (reason: unknown): void => {
    if (state !== 'open') return
    state = 'broken'
    thrown = reason
    reader.cancel(reason).catch(() => undefined)
  }

  async function step(): Promise<void> {
    try {
      const { done, value } = await reader.read()
      if (state !== 'open') return
      if (done) {
        splitter.feed(decoder.decode())
        splitter.finish()
        sink.end(write)
        state = 'ended'
      } else {
        splitter.feed(decoder.decode(value, { stream: true }))
      }
    } catch (error) {
      fail(error)
    }
  }

  /** One timer for the whole stream, not one per read: it looks at what has happened when it fires. */
  function watch(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const now = timers.now()
    const stallAt = Math.max(eventAt, wantedAt) + options.stallMs
    if (reading && now >= stallAt) return fail(options.stalled())
    if (reading && now >= writtenAt + options.keepAliveMs && (controller.desiredSize ?? 0) >= 0) {
      writtenAt = now
      controller.enqueue(encoder.encode(KEEP_ALIVE))
    }
    const next = Math.min(reading ? stallAt : now + options.stallMs, Math.max(writtenAt + options.keepAliveMs, now + 1))
    stopWatch = timers.after(next - now, () => watch(controller))
  }

  function settle(controller: ReadableStreamDefaultController<Uint8Array>): void {
    stopWatch?.()
    if (state === 'broken') controller.enqueue(encoder.encode(options.errorFrame(thrown)))
    controller.close()
    finished.resolve(state === 'broken' ? { finish: 'cut-short', thrown } : { finish: 'complete' })
  }

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (ready === '' && state === 'open') {
          wantedAt = timers.now()
          reading = true
          if (stopWatch === undefined) watch(controller)
          do await step()
          while (ready === '' && state === 'open')
          reading = false
        }
        if (state === 'cancelled') return
        if (ready !== '') {
          controller.enqueue(encoder.encode(ready))
          ready = ''
          writtenAt = timers.now()
        }
        if (state !== 'open') settle(controller)
      },
      cancel(reason) {
        stopWatch?.()
        if (state === 'open') state = 'cancelled'
        finished.resolve({ finish: 'cancelled' })
        options.onCancel()
        return reader.cancel(reason).catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )

  async function start(): Promise<void> {
    while (!sink.started && state === 'open') await step()
    if (state === 'broken' && !sink.started) throw thrown
  }
  return { start, body, finished: finished.promise }
}

/**
 * A body whose content is not known yet: comments keep the client waiting until `content` says what to send.
 * `content` never rejects; a failure is a body with an error frame.
 */
export function delayed(
  content: Promise<ReadableStream<Uint8Array>>,
  options: { readonly timers: Timers; readonly keepAliveMs: number; readonly onCancel: () => void },
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  let stop = (): void => undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const comment = (): void => {
          controller.enqueue(encoder.encode(KEEP_ALIVE))
          stop = options.timers.after(options.keepAliveMs, comment)
        }
        comment()
      },
      async pull(controller) {
        reader ??= (await content).getReader()
        stop()
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel(reason) {
        stop()
        options.onCancel()
        await (reader ?? (await content).getReader()).cancel(reason)
      },
    },
    { highWaterMark: 1 },
  )
}

/** A body that says one thing. */
export function bodyOf(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(encoder.encode(text))
      controller.close()
    },
  })
}
