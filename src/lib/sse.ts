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
  /** The end marker was written: nothing more is to come, even if the upstream keeps the connection open. */
  readonly ended?: boolean
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
  /** The one frame that ends a broken stream, or none if an event has told of it; no `[DONE]` follows. */
  readonly errorFrame: (thrown: unknown) => string
  readonly onCancel: () => void
}

export interface Ending {
  readonly finish: Finish
  readonly thrown?: unknown
}

export interface Relay {
  /**
   * Resolves at the first meaningful event, or when the stream ended before one; rejects if it broke before one.
   * Nothing has been sent until then.
   */
  start(): Promise<void>
  readonly body: ReadableStream<Uint8Array>
  /** Settles once: the last byte has left, the client has gone, or the upstream has failed. Never rejects. */
  readonly finished: Promise<Ending>
}

/** One newline, not two: after a blank line, clients that track event ids see an empty event (known bug 65). */
export const KEEP_ALIVE = ': keep-alive\n'
const encoder = new TextEncoder()

/**
 * The one stream loop. It reads when the client wants more, forwards whole events only, and ends a broken stream
 * with one error frame. Text, not bytes, passes through it: valid UTF-8 comes out as it went in.
 */
export function relay(upstream: ReadableStream<Uint8Array>, sink: Sink, options: RelayOptions): Relay {
  return new StreamRelay(upstream, sink, options)
}

class StreamRelay implements Relay {
  readonly body: ReadableStream<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #sink: Sink
  readonly #options: RelayOptions
  readonly #splitter: SseSplitter
  readonly #decoder = new TextDecoder()
  readonly #settled = Promise.withResolvers<Ending>()
  /** Whole events that wait to be sent. */
  #ready = ''
  #state: 'open' | 'ended' | 'broken' | 'cancelled' = 'open'
  #thrown: unknown
  #reading = false
  /** An event came since the clock was last looked at, which costs more than reading a short event. */
  #seen = false
  #eventAt: number
  #writtenAt: number
  #wantedAt: number
  #stopWatch: (() => void) | undefined

  constructor(upstream: ReadableStream<Uint8Array>, sink: Sink, options: RelayOptions) {
    this.#reader = upstream.getReader()
    this.#sink = sink
    this.#options = options
    this.#eventAt = this.#writtenAt = this.#wantedAt = options.timers.now()
    this.#splitter = new SseSplitter((data, raw) => {
      this.#seen = true
      sink.push(data, raw, this.#write)
    }, options.maxEventChars)
    this.body = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: (reason) => this.#cancel(reason) },
      { highWaterMark: 0 },
    )
  }

  get finished(): Promise<Ending> {
    return this.#settled.promise
  }

  async start(): Promise<void> {
    while (!this.#sink.started && this.#state === 'open') await this.#step()
    if (this.#state === 'broken' && !this.#sink.started) throw this.#thrown
  }

  readonly #write = (text: string): void => {
    this.#ready += text
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#waits()) {
      this.#wantedAt = this.#options.timers.now()
      this.#reading = true
      if (this.#stopWatch === undefined) this.#watch(controller)
      while (this.#waits()) await this.#step()
      this.#reading = false
    }
    if (this.#state === 'cancelled') return
    if (this.#ready !== '') {
      controller.enqueue(encoder.encode(this.#ready))
      this.#ready = ''
      this.#writtenAt = this.#options.timers.now()
    }
    if (this.#state !== 'open') this.#settle(controller)
  }

  #waits(): boolean {
    return this.#ready === '' && this.#state === 'open'
  }

  async #step(): Promise<void> {
    try {
      const { done, value } = await this.#reader.read()
      if (this.#state !== 'open') return
      if (!done) return this.#feed(value)
      this.#splitter.feed(this.#decoder.decode())
      this.#splitter.finish()
      this.#sink.end(this.#write)
      this.#state = 'ended'
    } catch (thrown) {
      this.#fail(thrown)
    }
  }

  #feed(chunk: Uint8Array): void {
    this.#splitter.feed(this.#decoder.decode(chunk, { stream: true }))
    if (this.#seen) this.#eventAt = this.#options.timers.now()
    this.#seen = false
  }

  #fail(thrown: unknown): void {
    if (this.#state !== 'open') return
    this.#state = 'broken'
    this.#thrown = thrown
    this.#reader.cancel(thrown).catch(() => undefined)
  }

  #leave(): void {
    this.#state = 'ended'
    this.#reader.cancel().catch(() => undefined)
  }

  /** One timer for the whole stream, not one per read: it looks at what has happened when it fires. */
  #watch(controller: ReadableStreamDefaultController<Uint8Array>): void {
    const { timers, stallMs, keepAliveMs, stalled } = this.#options
    const now = timers.now()
    const stallAt = Math.max(this.#eventAt, this.#wantedAt) + stallMs
    const commentAt = Math.max(this.#writtenAt, this.#wantedAt) + keepAliveMs
    if (this.#reading && this.#sink.ended === true) return this.#leave()
    if (this.#reading && now >= stallAt) return this.#fail(stalled())
    if (this.#reading && now >= commentAt) {
      this.#writtenAt = now
      controller.enqueue(encoder.encode(KEEP_ALIVE))
    }
    const next = this.#reading
      ? Math.min(stallAt, commentAt > now ? commentAt : now + keepAliveMs)
      : now + keepAliveMs
    this.#stopWatch = timers.after(next - now, () => this.#watch(controller))
  }

  #settle(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#stopWatch?.()
    const broken = this.#state === 'broken'
    const frame = broken ? this.#options.errorFrame(this.#thrown) : ''
    if (frame !== '') controller.enqueue(encoder.encode(frame))
    controller.close()
    this.#settled.resolve(broken ? { finish: 'cut-short', thrown: this.#thrown } : { finish: 'complete' })
  }

  async #cancel(reason: unknown): Promise<void> {
    this.#stopWatch?.()
    if (this.#state === 'open') this.#state = 'cancelled'
    this.#settled.resolve({ finish: 'cancelled' })
    this.#options.onCancel()
    await this.#reader.cancel(reason).catch(() => undefined)
  }
}

/**
 * A body whose content is not known yet: comments keep the client waiting until `content` says what to send.
 * `content` never rejects; a failure is a body with an error frame.
 */
export function delayed(
  content: Promise<ReadableStream<Uint8Array>>,
  options: { readonly timers: Timers; readonly keepAliveMs: number; readonly onCancel: () => void },
): ReadableStream<Uint8Array> {
  let reader: Promise<ReadableStreamDefaultReader<Uint8Array>> | undefined
  let stop = (): void => undefined
  let cancelled = false
  const open = () => (reader ??= content.then((body) => body.getReader()))
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
        const from = await open()
        stop()
        const { done, value } = await from.read()
        if (cancelled) return
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel(reason) {
        cancelled = true
        stop()
        options.onCancel()
        await (await open()).cancel(reason)
      },
    },
    { highWaterMark: 1 },
  )
}

/** A body that says one thing. */
export function bodyOf(content: string | Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(typeof content === 'string' ? encoder.encode(content) : content)
      controller.close()
    },
  })
}
