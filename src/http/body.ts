import { GatewayError } from '../errors.ts'
import type { JsonBody } from '../gateway/types.ts'
import type { Timers } from '../lib/clock.ts'
import { refuseRepeats, scanJson } from '../lib/json-scan.ts'
import { inTime } from '../lib/within.ts'
import { BodyTooLarge, readBytes } from '../lib/read-body.ts'

/** The runtime gives an isolate 128 MB, shared by all requests in it; a body costs a multiple of its size. */
const MAX_JSON_BYTES = 32 * 1_048_576
const MAX_BYTES_IN_FLIGHT = 48 * 1_048_576
/** A body that trickles in holds memory for nothing (security.md H-13). */
const MAX_RECEIVE_MS = 15_000
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i

/** Holds no state between whole texts, so one serves all requests. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

/** Bytes that requests of this isolate hold at the moment; module state, but nobody's data. */
let inFlight = 0

/** Reads a JSON body under the limits, and scans it before anything parses it. Throws 4xx `GatewayError`s, or 503 when the isolate is full. */
export async function readJsonBody(request: Request, timers: Timers, hold: Hold): Promise<JsonBody> {
  checkHeaders(request.headers)
  const bytes = await receive(request, timers, hold)
  const text = decode(bytes)
  if (text === '') throw new GatewayError('invalid_json', 'The request has no body.')
  const members = scanJson(text)
  refuseRepeats(members)
  return { kind: 'json', text, bytes, members }
}

/** What one request holds of the isolate's memory. */
export interface Hold {
  /** Throws 503 `GatewayError` when the isolate is full, or the hold is over. */
  readonly take: (bytes: number) => void
  /** Over with its request, unless something goes on. */
  readonly release: () => void
  /** A stream keeps the request in memory until its last byte has left; release has no effect before `end`. */
  readonly keepUntil: (end: Promise<unknown>) => void
}

/** Counts a body against the isolate from its first byte until the answer has left. */
export function startHold(): Hold {
  let held = 0
  let over = false
  let kept = false
  function free(): void {
    inFlight -= held
    held = 0
  }
  return {
    take(bytes) {
      if (over || inFlight + bytes > MAX_BYTES_IN_FLIGHT) throw overloaded()
      held += bytes
      inFlight += bytes
    },
    release() {
      over = true
      if (!kept) free()
    },
    keepUntil(end) {
      kept = true
      void end.then(free, free)
    },
  }
}

function overloaded(): GatewayError {
  return new GatewayError('gateway_overloaded', 'The gateway holds too many large requests at the moment.', {
    retryAfterMs: 1_000,
  })
}

function checkHeaders(headers: Headers): void {
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) {
    throw new GatewayError('unsupported_media_type', 'The Content-Type must be application/json.')
  }
  const encoding = headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity')
    throw new GatewayError('unsupported_media_type', 'The Content-Encoding of a request must be identity.')
}

async function receive(request: Request, timers: Timers, { take }: Hold): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await receiving(readBytes(request, MAX_JSON_BYTES, take), timers, MAX_RECEIVE_MS)
  } catch (thrown) {
    if (thrown instanceof BodyTooLarge)
      throw new GatewayError('request_too_large', `The request body exceeds ${MAX_JSON_BYTES} bytes.`)
    throw thrown
  }
}

/** Throws 408 `GatewayError` if a body does not arrive in time. */
export async function receiving<T>(body: Promise<T>, timers: Timers, ms: number): Promise<T> {
  return inTime(
    timers,
    ms,
    body,
    () => new GatewayError('request_timeout', 'The request body did not arrive in time.'),
  )
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new GatewayError('invalid_json', 'The request body is not valid UTF-8.')
  }
}
