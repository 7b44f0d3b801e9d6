import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import { parseJson } from '../gateway/attempt/read-failure.ts'
import type { CallOffer } from '../gateway/realtime/realtime-call.ts'
import type { FormBody, Scope, Served } from '../gateway/types.ts'
import { refuseRepeats, scanJson } from '../lib/json-scan.ts'
import { textOf } from '../lib/multipart-patch.ts'
import { BodyTooLarge, readBytes } from '../lib/read-body.ts'
import { isRecord } from '../protocol/guards.ts'
import { isTranscribing, modelIn, readOffer, REALTIME_PATH } from '../protocol/realtime.ts'
import type { AppEnv } from './env.ts'
import { aboutOf, refusedBy } from './about.ts'
import { startHold, type Hold } from './body.ts'
import { formPlace, readForm } from './form.ts'
import type { Told } from './headers.ts'
import { runUp, sessionGuard, sessionTab, tagged } from './key-tab.ts'
import { authenticate } from './pipeline.ts'
import { refusedResponse, toldHeaders } from './respond.ts'
import { scopeOf } from './scope.ts'

export const CALLS_PATH = `${REALTIME_PATH}/calls`

/** `GET /realtime`: a WebSocket, relayed both ways. */
export const realtime = new Hono<AppEnv>()

realtime.get(REALTIME_PATH, async (c) => {
  const { services } = c.var
  if (!/^websocket$/i.test(c.req.header('upgrade') ?? '')) throw upgradeRequired()
  const offer = readOffer(c.req.header('sec-websocket-protocol') ?? null)
  checkOrigin(c)
  const from = services.timers.now()
  const caller = await services.authenticator.authenticate(withKey(c.req.raw.headers, offer.key), (work) =>
    c.executionCtx.waitUntil(work),
  )
  c.set('principal', caller.principal)
  c.set('held', caller.held)
  c.set('keyMs', services.timers.now() - from)
  const query = new URL(c.req.url).searchParams
  const model = modelIn(query)
  allowQuery(c, query)
  const [served, headers] = await booked(c, model, undefined, (scope) =>
    services.realtime({ query, model, guard: sessionGuard(c, model) }, scope),
  )
  if (served.kind === 'refused') return refusedResponse(served, headers)
  return new Response(null, {
    status: 101,
    webSocket: served.socket,
    headers: {
      ...headers,
      ...(offer.selected !== undefined && { 'sec-websocket-protocol': offer.selected }),
    },
  })
})

/**
 * What a session's URL may not say. Whoever knows the id of a call joins it, and calls of all tenants lie in the
 * deployment's account. A session that transcribes is told its model by its own events, which nobody reads here.
 */
export function allowQuery(c: Context<AppEnv>, query: URLSearchParams): void {
  if (query.has('call_id') && c.get('principal').credential === undefined)
    throw new GatewayError('not_allowed', 'A call can be joined with a provider key of its own only.', {
      param: 'call_id',
      retry: false,
    })
  if (isTranscribing(query) && c.get('held')?.key.scopes.models !== undefined)
    throw new GatewayError(
      'not_allowed',
      'A key for certain models may not open a session that transcribes.',
      {
        param: 'intent',
        retry: false,
      },
    )
}

/** `POST /realtime/calls`: the offer of a browser's WebRTC call, in a form beside the session, or alone. */
realtime.post(CALLS_PATH, authenticate, async (c) => {
  const hold = startHold()
  const place = formPlace()
  try {
    place.take()
    const offer = await offerOf(c, hold)
    const [served, headers] = await booked(c, offer.model, 'unbounded', (scope) =>
      c.get('services').realtimeCall(offer, scope),
    )
    if (served.kind === 'refused') return refusedResponse(served, headers)
    const { sdp, location } = served.opened
    const more = { 'content-type': 'application/sdp', ...(location !== undefined && { location }) }
    return new Response(sdp, { status: 201, headers: { ...headers, ...more } })
  } finally {
    place.release()
    hold.release()
  }
})

/** Opens a session, counted on the caller's key and booked once it is over, with the headers of its answer. */
async function booked<T extends Told & Pick<Served, 'settled'>>(
  c: Context<AppEnv>,
  model: string,
  cost: 'unbounded' | undefined,
  open: (scope: Scope) => Promise<T>,
): Promise<readonly [served: T, headers: Record<string, string>]> {
  const { services } = c.var
  const scope = scopeOf(c)
  const call = { endpoint: 'realtime', request: { model } }
  services.begin(scope.principal.keyId, scope.defer)
  try {
    const tab = await sessionTab(c, model, cost)
    const served = await (tab === undefined ? open(scope) : runUp(c, tab, open(scope)))
    const about = aboutOf(c, call, served)
    c.executionCtx.waitUntil(
      served.settled.then((end) => services.settled(tagged(c, end), about, scope.defer)),
    )
    return [served, toldHeaders(c, served, tab)]
  } catch (thrown) {
    services.settled(tagged(c, refusedBy(thrown)), aboutOf(c, call), scope.defer)
    throw thrown
  }
}

const CALL_FIELDS: ReadonlySet<string> = new Set(['sdp', 'session'])
/** For an offer that comes without a session: a client secret has one already. */
const DEFAULT_MODEL = 'gpt-realtime-2.1'
const MAX_SDP_BYTES = 262_144

/** The offer of a call, as its body has it. */
export async function offerOf(c: Context<AppEnv>, hold: Hold): Promise<CallOffer> {
  const { raw: request } = c.req
  const named = c.req.query('model')
  if (/^application\/sdp *(?:;|$)/i.test(request.headers.get('content-type') ?? '')) {
    const bytes = await readBytes(request, MAX_SDP_BYTES, hold.take).catch((thrown: unknown) => {
      throw thrown instanceof BodyTooLarge
        ? new GatewayError('request_too_large', 'The offer is too long.')
        : thrown
    })
    return { model: named ?? DEFAULT_MODEL, body: { kind: 'sdp', bytes } }
  }
  const raw = await readForm(request, CALL_FIELDS, c.get('services').timers, hold)
  const session = sessionIn(raw)
  const model = session['model'] ?? named ?? DEFAULT_MODEL
  if (typeof model === 'string') return { model, body: { kind: 'form', raw, session } }
  throw new GatewayError('invalid_type', "Invalid type for 'session.model': expected a string.", {
    param: 'session.model',
  })
}

function sessionIn({ form }: FormBody): Readonly<Record<string, unknown>> {
  const part = form.parts.find(({ name }) => name === 'session')
  if (part === undefined) return {}
  const text = textOf(form, part) ?? ''
  refuseRepeats(scanJson(text))
  const session = parseJson(text)
  if (isRecord(session)) return session
  throw new GatewayError('invalid_json', "We could not parse the JSON of 'session'.", { param: 'session' })
}

function upgradeRequired(): GatewayError {
  const message = 'This URL only accepts a WebSocket: send an Upgrade header.'
  return new GatewayError('upgrade_required', message, { headers: { upgrade: 'websocket' }, retry: false })
}

/** A browser sends its page's origin, and no preflight asks for leave: the page must be one that may call. */
function checkOrigin(c: Context<AppEnv>): void {
  const origin = c.req.header('origin')
  if (origin === undefined || c.var.services.config.cors.origins.includes(origin)) return
  throw new GatewayError('not_allowed', 'Pages of this origin may not open a session.', { retry: false })
}

/** The key that came as a protocol, where the authenticator looks for it. */
function withKey(headers: Headers, key: string | undefined): Headers {
  if (key === undefined || headers.has('authorization')) return headers
  const merged = new Headers(headers)
  merged.set('authorization', `Bearer ${key}`)
  return merged
}
