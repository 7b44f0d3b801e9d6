import { patchForm } from '../../lib/multipart-patch.ts'
import { readBytes } from '../../lib/read-body.ts'
import type { SessionRequest } from '../../protocol/realtime.ts'
import { UpstreamFailure } from '../../providers/failure.ts'
import { bodyOf } from '../attempt/body-of.ts'
import { GARBLED } from '../attempt/failure-of.ts'
import { type Accepted, type Door, shakeHands } from './handshake.ts'
import type { FormBody, Ports, Refused, Scope, Settled } from '../types.ts'

/** What a browser offers to begin a call with: a form with the session beside it, or the offer alone. */
export interface CallOffer {
  readonly model: string
  readonly body:
    | { readonly kind: 'form'; readonly raw: FormBody; readonly session: Readonly<Record<string, unknown>> }
    | { readonly kind: 'sdp'; readonly bytes: Uint8Array<ArrayBuffer> }
}
/** The provider's side of it, and where the call can be steered from. The sound does not pass here. */
interface CallAnswer {
  readonly sdp: Uint8Array<ArrayBuffer>
  readonly location: string | undefined
}
export interface Begun extends Omit<Accepted<CallAnswer>, 'kind' | 'ended'> {
  readonly kind: 'call'
  readonly settled: Promise<Settled>
}
/** What of an offer says what is wanted. */
export function requestIn({ model, body }: CallOffer): SessionRequest {
  return body.kind === 'form' ? { model, session: body.session } : { model }
}
export type RealtimeCall = (offer: CallOffer, scope: Scope) => Promise<Begun | Refused>

const CREATED = 201
const MAX_SDP_BYTES = 262_144
/** A path of ours as well, since the gateway has OpenAI's paths; anything else would lead past it. */
const LOCATION = /^(?:https?:\/\/[^/]+)?(\/v1\/realtime\/calls\/[\w-]{1,128})$/

/** Begins a WebRTC call with one of the model's targets. */
export function createRealtimeCall(ports: Ports): RealtimeCall {
  return async (offer, scope) => {
    const knock = {
      model: offer.model,
      request: (door: Door, signal: AbortSignal) => post(offer, door, signal),
      open: answerIn,
    }
    const shaken = await shakeHands(ports, knock, scope)
    if (shaken.kind === 'refused') return shaken
    const { ended: _, ...begun } = shaken
    const { facts, attempts } = begun
    const settled: Settled = { facts, attempts, finish: 'complete', usage: undefined }
    return { ...begun, kind: 'call', settled: Promise.resolve(settled) }
  }
}

export function post(
  { body, model }: CallOffer,
  { target, url, headers }: Door,
  signal: AbortSignal,
): Request {
  const contentType = body.kind === 'form' ? body.raw.contentType : 'application/sdp'
  return new Request(`${url}/calls`, {
    method: 'POST',
    headers: { 'content-type': contentType, ...headers },
    body: contentOf(body, model, target.model),
    redirect: 'manual',
    signal,
  })
}

function contentOf(body: CallOffer['body'], model: string, upstream: string): BodyInit {
  if (body.kind === 'sdp') return body.bytes
  const session = JSON.stringify({ ...body.session, model: upstream })
  return bodyOf(patchForm(body.raw.form, { set: model === upstream ? {} : { session }, drop: [] }))
}

async function answerIn(response: Response): Promise<CallAnswer> {
  if (response.status !== CREATED) throw new UpstreamFailure(GARBLED)
  return {
    sdp: await readBytes(response, MAX_SDP_BYTES),
    location: LOCATION.exec(response.headers.get('location') ?? '')?.[1],
  }
}
