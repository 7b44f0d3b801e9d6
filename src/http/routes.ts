import { zValidator } from '@hono/zod-validator'
import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import type { Call, Scope, Served } from '../gateway/types.ts'
import { endpoints, type EndpointId, type Wires } from '../protocol/index.ts'
import type { Tab } from '../keys/isolate/tab.ts'
import type { Endpoint, FormRules } from '../protocol/endpoint.ts'
import { AROUND, type Around } from './around.ts'
import type { AppEnv } from './env.ts'
import { fromZod, toGatewayError } from './errors.ts'
import { refusedResponse, toldHeaders } from './respond.ts'
import { startHold } from './body.ts'
import { formHeaders, formPlace } from './form.ts'
import { admissionsOf, runUp, tabOf, tagged } from './key-tab.ts'
import { authenticate, readBody } from './pipeline.ts'
import { aboutOf, refusedBy } from './about.ts'
import { REQUEST_HEADERS } from './request-headers.ts'
import { scopeOf } from './scope.ts'
import { readUpload } from './upload-call.ts'

/** One POST route per endpoint of the table. */
export const routes = new Hono<AppEnv>()
serve('chat', endpoints.chat)
serve('responses', endpoints.responses)
serve('completions', endpoints.completions)
serve('embeddings', endpoints.embeddings)
serve('moderations', endpoints.moderations)
serve('images', endpoints.images)
serve('speech', endpoints.speech)
serve('transcriptions', endpoints.transcriptions)
serve('translations', endpoints.translations)
serve('clientSecrets', endpoints.clientSecrets)

function serve<E extends EndpointId>(id: E, endpoint: Endpoint<Wires[E]>): void {
  const { form } = endpoint
  const around = AROUND[id]
  if (form !== undefined) {
    routes.post(endpoint.path, authenticate, (c) => withForm(c, id, form))
    return
  }
  routes.post(
    endpoint.path,
    authenticate,
    readBody,
    zValidator('json', endpoint.envelope, (result) => {
      if (!result.success) throw fromZod(result.error)
    }),
    async (c) => {
      const asked: Call<E> = { endpoint: id, request: c.req.valid('json'), raw: c.get('raw') }
      return around === undefined ? answer(c, asked) : remembered(c, asked, around)
    },
  )
}

async function remembered<E extends EndpointId>(
  c: Context<AppEnv>,
  asked: Call<E>,
  { before, after }: Around<E>,
): Promise<Response> {
  const call = await before(asked, c.var)
  return answer(c, call, (served, tab) => after({ call, served, tab }, c.var))
}

async function answer<E extends EndpointId>(
  c: Context<AppEnv>,
  call: Call<E>,
  after?: (served: Served, tab: Tab | undefined) => Promise<void>,
): Promise<Response> {
  const services = c.get('services')
  const tab = tabOf(c, call)
  const scope = scopeOf(c)
  services.begin(scope.principal.keyId, scope.defer)
  const served = await gatewayFor(c, call, tab, scope).catch((thrown: unknown) => {
    services.settled(tagged(c, refusedBy(thrown)), aboutOf(c, call), scope.defer)
    throw thrown
  })
  if (after !== undefined) {
    const failed = (thrown: unknown): void => services.report(c.get('requestId'), toGatewayError(thrown))
    c.executionCtx.waitUntil(after(served, tab).catch(failed))
  }
  const about = aboutOf(c, call, served)
  const settled = served.settled.then((end) => {
    if (end.error?.code === 'internal' && served.kind === 'early')
      services.report(c.get('requestId'), end.error)
    services.settled(tagged(c, end), about, scope.defer)
  })
  // A whole answer has settled already; to keep the request alive for it would cost more than to parse it.
  if (served.kind === 'early' || (served.kind === 'answer' && served.body instanceof ReadableStream)) {
    c.get('hold').keepUntil(settled)
    c.executionCtx.waitUntil(settled)
  }
  return respond(c, served, tab)
}

const gatewayFor = <E extends EndpointId>(
  c: Context<AppEnv>,
  call: Call<E>,
  tab: Tab | undefined,
  scope: Scope,
): Promise<Served> =>
  tab === undefined
    ? c.get('services').gateway(call, scope)
    : runUp(c, tab, c.get('services').gateway(call, { ...scope, ...admissionsOf(tab) }))

/** A form is read at once, unless a header names the model: then only if more than one target may need it. */
async function withForm<E extends EndpointId>(
  c: Context<AppEnv>,
  endpoint: E,
  { names, unread }: FormRules<Wires[E]>,
): Promise<Response> {
  const { raw: request } = c.req
  const { contentType } = formHeaders(request.headers)
  const named = c.req.header(REQUEST_HEADERS.model)
  const hold = startHold()
  c.set('hold', hold)
  const place = formPlace()
  async function read(): Promise<Call<E>> {
    place.take()
    return readUpload(c, endpoint, names, hold)
  }
  try {
    const stream = request.body
    // Without a length nobody knows how much would be passed on. A virtual key is for certain models, and its use is
    // counted: what nobody reads could name another model than the header does.
    const isRead = named === undefined || stream === null || c.get('held') !== undefined
    if (isRead || !request.headers.has('content-length')) return await answer(c, await read())
    const raw = { kind: 'unread', contentType, stream } as const
    return await answer(c, { endpoint, request: unread(named), raw, whole: read })
  } finally {
    place.release()
    hold.release()
  }
}

function respond(c: Context<AppEnv>, served: Served, tab: Tab | undefined): Response {
  const headers = toldHeaders(c, served, tab)
  if (served.kind === 'refused') return refusedResponse(served, headers)
  headers['content-type'] = served.contentType
  return new Response(served.body, { headers })
}

/** Paths that exist, by method; anything else on them is 405. */
export function methodNotAllowed(allow: string): GatewayError {
  return new GatewayError('method_not_allowed', `This URL only accepts ${allow}.`, {
    headers: { allow },
    retry: false,
  })
}
