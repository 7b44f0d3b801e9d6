import { randomId } from '../answer.ts'
import { objectOf, textOf } from '../json.ts'
import type { Json } from '../json.ts'
import type { Clock, Exchange, Provider, Reply } from '../types.ts'
import { chat } from './chat.ts'
import { calls, clientSecrets } from './client-secrets.ts'
import { modelOn } from './endpoint.ts'
import { embeddings } from './embeddings.ts'
import { fault, openaiError } from './errors.ts'
import { images } from './images.ts'
import { isShut, modelNamed, MODELS } from './models.ts'
import type { Model } from './models.ts'
import { responsesRoutes } from './responses/index.ts'
import { moderations } from './moderations.ts'
import { speech } from './speech.ts'
import { transcriptions, translations } from './transcriptions.ts'
import { saidIn } from './turn.ts'

/** The OpenAI API under /v1. */
export const openai: Provider = {
  name: 'openai',
  prefix: '/v1/',
  routes: [
    { method: 'POST', path: /^\/v1\/chat\/completions$/, handle: chat },
    ...responsesRoutes,
    { method: 'POST', path: /^\/v1\/embeddings$/, handle: embeddings },
    { method: 'POST', path: /^\/v1\/moderations$/, handle: moderations },
    { method: 'POST', path: /^\/v1\/images\/generations$/, handle: images },
    { method: 'POST', path: /^\/v1\/audio\/speech$/, handle: speech },
    { method: 'POST', path: /^\/v1\/audio\/transcriptions$/, handle: transcriptions },
    { method: 'POST', path: /^\/v1\/audio\/translations$/, handle: translations },
    { method: 'POST', path: /^\/v1\/realtime\/client_secrets$/, handle: clientSecrets },
    { method: 'POST', path: /^\/v1\/realtime\/calls$/, handle: calls },
    { method: 'GET', path: /^\/v1\/realtime$/, handle: realtimeHandshake },
    { method: 'GET', path: /^\/v1\/models$/, handle: listModels },
    { method: 'GET', path: /^\/v1\/models\/(.+)$/, handle: getModel },
  ],
  authorize,
  lastUserText: saidIn,
  modelOf: (pathModel, body) => pathModel || textOf(objectOf(body)['model']),
  streams: (_path, body) => {
    const { stream, stream_format: format } = objectOf(body)
    return stream === true || stream === 'true' || format === 'sse'
  },
  fault,
  notFound: (method, path) => openaiError(404, { message: `Invalid URL (${method} ${path})` }),
  headers,
}

/** openai.md 1.4: no header and a wrong key are different 401s; the second echoes a masked key. */
function authorize(headers: Headers): string {
  const key = /^Bearer (.+)$/.exec(headers.get('authorization') ?? '')?.[1]
  if (key === undefined) {
    throw openaiError(401, {
      message:
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    })
  }
  if (!key.includes('bad')) return key
  const masked = key.slice(0, 3) + '*'.repeat(Math.max(4, key.length - 7)) + key.slice(-4)
  throw openaiError(401, {
    code: 'invalid_api_key',
    message: `Incorrect API key provided: ${masked}. You can find your API key at https://platform.openai.com/account/api-keys.`,
  })
}

/** openai.md 1.2, with the noise a gateway has to strip. */
function headers(clock: Clock): Headers {
  return new Headers({
    'x-request-id': `req_${randomId(32, clock.random).toLowerCase()}`,
    'openai-processing-ms': '42',
    'openai-organization': 'org-sim',
    'openai-project': 'proj_sim',
    'openai-version': '2020-10-01',
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-remaining-requests': '499',
    'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-limit-tokens': '30000',
    'x-ratelimit-remaining-tokens': '29000',
    'x-ratelimit-reset-tokens': '6m0s',
    'set-cookie': '__cf_bm=sim; path=/; HttpOnly; Secure',
    'cf-ray': '0000000000000000-SIM',
    'strict-transport-security': 'max-age=31536000',
  })
}

/** What is judged before the socket opens (openai.md 6.1); `connect` in ../index.ts takes it from there. */
function realtimeHandshake(exchange: Exchange): Reply {
  const named = exchange.url.searchParams.get('model') ?? undefined
  const model = modelOn(exchange, named, { path: 'realtime', kinds: ['realtime'] })
  return { kind: 'json', body: { model: model.id } }
}

/** openai.md 5.4. */
function modelObject(model: Model): Json {
  return {
    id: model.id,
    object: 'model',
    created: 1_700_000_000,
    owned_by: 'system',
    shutdown_date: model.shutdown ?? null,
  }
}

function listModels({ settings }: Exchange): Reply {
  const live = [...MODELS.values()].filter((model) => !isShut(model, settings.today))
  return { kind: 'json', body: { object: 'list', data: live.map(modelObject) } }
}

function getModel({ pathModel, settings }: Exchange): Reply {
  const model = modelNamed(pathModel)
  if (model === undefined || isShut(model, settings.today)) {
    throw openaiError(404, {
      code: 'model_not_found',
      param: 'model',
      message: `The model '${pathModel}' does not exist`,
    })
  }
  return { kind: 'json', body: modelObject(model) }
}
