import type { Sink } from '../lib/sse.ts'
import type { Endpoint, Observer, Wire } from '../protocol/endpoint.ts'
import { isRecord } from '../protocol/guards.ts'
import type { Decoder } from '../lib/sse.ts'
import { type Failure, UpstreamFailure } from '../providers/failure.ts'
import { INTERRUPTED } from './answer.ts'

const DONE = '[DONE]'

type Trim<W extends Wire> = ReturnType<Endpoint<W>['trim']>

/**
 * A stream that already is in the caller's format: every event is read, and its text sent as it came, but for what
 * the caller did not ask for. A stream without its end marker, or without a finish reason, was cut short.
 */
export function relaySink<W extends Wire>(
  observer: Observer<W['event']>,
  trim: Trim<W>,
  classify: (error: unknown) => Failure,
): Sink {
  let done = false
  return {
    get started() {
      return observer.started
    },
    push(data, raw, write) {
      if (done) return
      if (data === DONE) {
        done = true
        write(raw)
        return
      }
      const event = parse(data)
      if (isRecord(event) && truthy(event['error'])) throw new UpstreamFailure(classify(event))
      see(observer, event)
      const text = trim === undefined ? data : trim(event, data)
      if (text !== undefined) write(text === data ? raw : `data: ${text}\n\n`)
    },
    end() {
      if (!done || !observer.complete) throw cutShort()
    },
  }
}

/** A foreign stream: each event is decoded into events of the caller's format. */
export function translateSink<W extends Wire>(
  decoder: Decoder<string, W['event']>,
  observer: Observer<W['event']>,
  endpoint: { readonly trim: Trim<W>; readonly terminator: string },
): Sink {
  const { trim, terminator } = endpoint
  let out: (text: string) => void = () => undefined
  const emit = (event: W['event']): void => {
    observer.see(event)
    const data = JSON.stringify(event)
    const text = trim === undefined ? data : trim(event, data)
    if (text !== undefined) out(`data: ${text}\n\n`)
  }
  return {
    get started() {
      return observer.started
    },
    push(data, _raw, write) {
      out = write
      try {
        decoder.push(data, emit)
      } catch (thrown) {
        throw asFailure(thrown)
      }
    },
    end(write) {
      out = write
      decoder.end(emit)
      if (!observer.complete) throw cutShort()
      write(terminator)
    },
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch (thrown) {
    throw asFailure(thrown)
  }
}

function see<W extends Wire>(observer: Observer<W['event']>, event: unknown): asserts event is W['event'] {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the observer checks what it reads
    observer.see(event as W['event'])
  } catch (thrown) {
    throw asFailure(thrown)
  }
}

function asFailure(thrown: unknown): UpstreamFailure {
  return thrown instanceof UpstreamFailure
    ? thrown
    : new UpstreamFailure(
        { kind: 'garbled', message: 'The upstream sent an event that cannot be read.' },
        thrown,
      )
}

const truthy = (value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && value !== ''
const cutShort = (): UpstreamFailure => new UpstreamFailure({ kind: 'cut_short', message: INTERRUPTED })
