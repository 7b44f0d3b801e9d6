import { GatewayError } from '../errors.ts'
import type { FormBody } from '../gateway/types.ts'
import { ByteList } from '../lib/byte-list.ts'
import type { Timers } from '../lib/clock.ts'
import { boundaryOf, scanForm } from '../lib/multipart.ts'
import { BodyTooLarge } from '../lib/read-body.ts'
import { readPieces } from '../lib/read-pieces.ts'
import { type Hold, receiving } from './body.ts'

/** OpenAI's limit for a file, and room for the fields beside it. */
const MAX_FORM_BYTES = 25 * 1_048_576 + 65_536
/** Each may hold as much as a fifth of the isolate's memory. */
const MAX_FORMS_AT_ONCE = 2
const MAX_RECEIVE_MS = 60_000

/** Forms that requests of this isolate hold at the moment; module state, but nobody's data. */
let held = 0

/** One of the isolate's places for a form. */
export interface FormPlace {
  /** Throws 503 `GatewayError` if all are taken. */
  readonly take: () => void
  readonly release: () => void
}

export function formPlace(): FormPlace {
  let taken = 0
  return {
    take() {
      if (held >= MAX_FORMS_AT_ONCE) {
        const message = 'The gateway holds too many uploads at the moment.'
        throw new GatewayError('gateway_overloaded', message, { retryAfterMs: 1_000 })
      }
      taken++
      held++
    },
    release() {
      held -= taken
      taken = 0
    },
  }
}

/** What the headers say of a form. Throws 4xx `GatewayError`s, before a byte of it is read. */
export function formHeaders(headers: Headers): { readonly contentType: string; readonly boundary: string } {
  const contentType = headers.get('content-type') ?? ''
  const boundary = boundaryOf(contentType)
  if (boundary === undefined)
    throw new GatewayError('unsupported_media_type', 'The Content-Type must be multipart/form-data.')
  if ((headers.get('content-encoding') ?? 'identity') !== 'identity')
    throw new GatewayError('unsupported_media_type', 'The Content-Encoding of a request must be identity.')
  if (Number(headers.get('content-length') ?? 0) > MAX_FORM_BYTES) throw tooLarge()
  return { contentType, boundary }
}

/** Reads a form into the pieces it comes in, and finds its parts. */
export async function readForm(
  request: Request,
  names: ReadonlySet<string>,
  timers: Timers,
  { take }: Hold,
): Promise<FormBody> {
  const { contentType, boundary } = formHeaders(request.headers)
  const { body } = request
  if (body === null) throw new GatewayError('invalid_multipart', 'The request has no body.')
  const pieces = await receiving(
    readPieces(body, MAX_FORM_BYTES, take).catch((thrown: unknown) => {
      throw thrown instanceof BodyTooLarge ? tooLarge() : thrown
    }),
    timers,
    MAX_RECEIVE_MS,
  )
  return { kind: 'form', contentType, form: scanForm(new ByteList(pieces), boundary, names) }
}

const tooLarge = (): GatewayError =>
  new GatewayError('request_too_large', `The request body exceeds ${MAX_FORM_BYTES} bytes.`)
