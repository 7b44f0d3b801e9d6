import { readBytes } from '../lib/read-body.ts'
import { patchForm } from '../lib/multipart-patch.ts'
import { toAnswer } from './answer.ts'
import { bodyOf } from './body-of.ts'
import { failureOf, GARBLED } from './failure-of.ts'
import { withOwnKey } from './own-key.ts'
import { credentialOf } from './prepare.ts'
import { readFailure } from './read-failure.ts'
import { realtimeTargets } from './realtime.ts'
import type { FormBody, Ports, Scope } from './types.ts'

/** What a browser offers to begin a call with: a form with the session beside it, or the offer alone. */
export interface CallOffer {
  readonly model: string
  readonly body:
    | { readonly kind: 'form'; readonly raw: FormBody; readonly session: Readonly<Record<string, unknown>> }
    | { readonly kind: 'sdp'; readonly bytes: Uint8Array<ArrayBuffer> }
}
/** The provider's side of it, and where the call can be steered from. The sound does not pass here. */
export interface CallAnswer {
  readonly sdp: Uint8Array<ArrayBuffer>
  readonly location: string | undefined
}
export type RealtimeCall = (offer: CallOffer, scope: Scope) => Promise<CallAnswer>

const MAX_SDP_BYTES = 262_144
/** A path of ours as well, since the gateway has OpenAI's paths; anything else would lead past it. */
const LOCATION = /^(?:https?:\/\/[^/]+)?(\/v1\/realtime\/calls\/[\w-]{1,128})$/

/** Begins a WebRTC call with the first of the model's targets that has sessions. Throws `GatewayError`. */
export function createRealtimeCall(ports: Ports): RealtimeCall {
  return async ({ model, body }, asked) => {
    const scope = withOwnKey(ports, model, asked)
    const ownKey = scope.principal.credential !== undefined
    const [{ route, provider, url }] = realtimeTargets(ports, model, scope)
    const headers = {
      'content-type': body.kind === 'form' ? body.raw.contentType : 'application/sdp',
      'user-agent': 'llm-gateway',
      ...provider.authorize(credentialOf(ports, scope, route.target)),
    }
    const request = new Request(`${url}/calls`, {
      method: 'POST',
      headers,
      body: contentOf(body, model, route.target.model),
      redirect: 'manual',
      signal: scope.signal,
    })
    const response = await ports.fetch(request).catch((thrown: unknown) => {
      throw toAnswer(failureOf(thrown, scope.signal), ownKey)
    })
    if (response.status >= 300) throw toAnswer(await readFailure(response, provider), ownKey)
    if (response.status !== CREATED) throw toAnswer(GARBLED, ownKey)
    return {
      sdp: await readBytes(response, MAX_SDP_BYTES),
      location: LOCATION.exec(response.headers.get('location') ?? '')?.[1],
    }
  }
}
const CREATED = 201

function contentOf(body: CallOffer['body'], model: string, upstream: string): BodyInit {
  if (body.kind === 'sdp') return body.bytes
  const session = JSON.stringify({ ...body.session, model: upstream })
  return bodyOf(patchForm(body.raw.form, { set: model === upstream ? {} : { session }, drop: [] }))
}
