import type { Sink } from '../../lib/sse.ts'
import type { Endpoint, Observer, Wire } from '../../protocol/endpoint.ts'
import type { Decoder } from '../../lib/sse.ts'
import { type Failure, UpstreamFailure } from '../../providers/failure.ts'
import { INTERRUPTED, toAnswer } from './answer.ts'
import type { Recording } from './recording.ts'

const DONE = '[DONE]'

/** Who looks on. */
interface Watched<W extends Wire> {
  readonly observer: Observer<W['event']>
  /** Takes down each event as it is, before anything is left out for this caller. */
  readonly recording?: Recording | undefined
}

/** A failure that the caller has been told of by the upstream's own event: no frame of ours follows. */
export class PassedOn extends UpstreamFailure {}

/**
 * A stream that already is in the caller's format: every event is read, and its text sent as it came, but for what
 * the caller did not ask for. A stream without its end marker, or that did not say it was over, was cut short.
 */
export function relaySink<W extends Wire>(
  endpoint: Endpoint<W>,
  request: W['request'],
  { observer, recording }: Watched<W>,
  failures: { readonly classify: (error: unknown) => Failure; readonly ownKey: boolean },
): Sink {
  const trim = endpoint.trim(request)
  const note = recording?.text ?? ignore
  let done = !endpoint.doneMarker
  let passedOn: Failure | undefined
  /** The upstream's error event, in words fit for the caller. Throws where it is not for the caller at all. */
  function tellOf(event: unknown, failure: Failure): string {
    if (endpoint.reworded === undefined || !observer.started) throw new UpstreamFailure(failure)
    passedOn ??= failure
    const told = endpoint.reworded(event, toAnswer(failure, failures.ownKey).message)
    see(observer, told)
    return JSON.stringify(told)
  }
  return {
    get started() {
      return observer.started
    },
    get ended() {
      return endpoint.doneMarker && done
    },
    push(data, raw, write) {
      if (done && endpoint.doneMarker) return
      if (data === DONE) {
        if (!observer.complete) throw cutShort()
        done = true
        write(raw)
        return
      }
      const event = parse(data)
      const error = endpoint.errorIn(event)
      if (error !== undefined) {
        write(replaced(raw, data, tellOf(event, failures.classify(error))))
        return
      }
      see(observer, event)
      note(data)
      const text = trim === undefined ? data : trim(event, data)
      if (text !== undefined) write(text === data ? raw : replaced(raw, data, text))
    },
    end() {
      if (passedOn !== undefined) throw new PassedOn(passedOn)
      if (!done || !observer.complete) throw cutShort()
    },
  }
}

/** A foreign stream: each event is decoded into events of the caller's format. */
export function translateSink<W extends Wire>(
  endpoint: Endpoint<W>,
  request: W['request'],
  { observer, recording }: Watched<W>,
  decoder: Decoder<string, W['event']>,
): Sink {
  const trim = endpoint.trim(request)
  let out: (text: string) => void = () => undefined
  const emit = (event: W['event']): void => {
    observer.see(event)
    const data = JSON.stringify(event)
    recording?.text(data)
    const text = trim === undefined ? data : trim(event, data)
    if (text !== undefined) out(endpoint.frame(event, text))
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
      if (endpoint.doneMarker) write(`data: ${DONE}\n\n`)
    },
  }
}

/** The event with other data: its framing, id and name stay as they came. */
function replaced(raw: string, data: string, text: string): string {
  const at = raw.indexOf(data)
  return at < 0
    ? `data: ${text.replaceAll('\n', '\ndata: ')}\n\n` // its data came in several lines
    : raw.slice(0, at) + text + raw.slice(at + data.length)
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

const cutShort = (): UpstreamFailure => new UpstreamFailure({ kind: 'cut_short', message: INTERRUPTED })

const ignore = (): void => undefined
