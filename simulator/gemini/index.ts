import { arrayOf, objectOf } from '../json.ts'
import type { Json } from '../json.ts'
import { Refused } from '../types.ts'
import type { Exchange, Provider, Reply } from '../types.ts'
import { batchEmbed } from './embeddings.ts'
import { badKey, fault, googleError, invalidArgument } from './errors.ts'
import { generate } from './generate.ts'
import { isShut, MODELS, servedBy } from './models.ts'
import type { Model } from './models.ts'
import { streamGenerate } from './stream.ts'
import { readTurn, userText } from './turn.ts'
import { promptTokens } from './usage.ts'
import { notFound, validateCount } from './validate.ts'

/** The Gemini Developer API under /v1beta. */
export const gemini: Provider = {
  name: 'gemini',
  prefix: '/v1beta/',
  routes: [
    { method: 'POST', path: /^\/v1beta\/models\/([^/:]+):generateContent$/, handle: generate },
    { method: 'POST', path: /^\/v1beta\/models\/([^/:]+):streamGenerateContent$/, handle: streamGenerate },
    { method: 'POST', path: /^\/v1beta\/models\/([^/:]+):batchEmbedContents$/, handle: batchEmbed },
    { method: 'POST', path: /^\/v1beta\/models\/([^/:]+):countTokens$/, handle: countTokens },
    { method: 'GET', path: /^\/v1beta\/models$/, handle: listModels },
    { method: 'GET', path: /^\/v1beta\/models\/([^/:]+)$/, handle: getModel },
  ],
  authorize,
  lastUserText: (body) => userText(objectOf(body)['contents'] ?? embedded(body)),
  modelOf: (pathModel) => pathModel,
  streams: (path) => path.endsWith(':streamGenerateContent'),
  fault,
  // Google's front end answers an unknown URL in HTML.
  notFound: (_method, path) =>
    new Refused(
      404,
      `<!DOCTYPE html><title>Error 404 (Not Found)!!1</title><p>The requested URL <code>${path}</code> was not found.`,
    ),
  headers: () =>
    new Headers({
      vary: 'Origin, X-Origin, Referer',
      server: 'scaffolding on HTTPServer2',
      'x-xss-protection': '0',
      'x-frame-options': 'SAMEORIGIN',
      'x-content-type-options': 'nosniff',
      'server-timing': 'gfet4t7; dur=42',
      'alt-svc': 'h3=":443"; ma=2592000',
    }),
}

/** gemini.md 1.2. The key in the URL works at Google; here it is refused, so that a test catches the leak. */
function authorize(headers: Headers, url: URL): string {
  if (url.searchParams.has('key'))
    throw invalidArgument('Simulator: the API key must not be sent in the URL.')
  const key = headers.get('x-goog-api-key')
  if (key === null || key === '') {
    throw googleError(
      403,
      'PERMISSION_DENIED',
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    )
  }
  if (headers.has('authorization'))
    throw invalidArgument('Simulator: send either a key or a Bearer token, not both.')
  if (key.includes('bad')) throw badKey()
  return key
}

function embedded(body: Json | undefined): Json[] {
  return arrayOf(objectOf(body)['requests']).map((each) => objectOf(each)['content'] ?? null)
}

/** gemini.md 6.6. */
function countTokens(exchange: Exchange): Reply {
  const { model, request } = validateCount(exchange)
  const prompt = promptTokens(request, readTurn(request), model)
  return {
    kind: 'json',
    body: {
      totalTokens: prompt.total,
      ...(prompt.cached > 0 ? { cachedContentTokenCount: prompt.cached } : {}),
      promptTokensDetails: prompt.details,
    },
  }
}

const METHODS: Record<Model['kind'], readonly string[]> = {
  chat: ['generateContent', 'countTokens', 'createCachedContent', 'batchGenerateContent'],
  gemma: ['generateContent', 'countTokens'],
  image: ['generateContent', 'countTokens'],
  speech: ['generateContent'],
  embedding: ['embedContent', 'batchEmbedContents', 'countTextTokens'],
  live: ['bidiGenerateContent'],
}

/** gemini.md 6.5. */
function modelObject(model: Model): Json {
  return {
    name: `models/${model.id}`,
    version: '001',
    displayName: model.id,
    inputTokenLimit: 1_048_576,
    outputTokenLimit: model.maxOutput,
    supportedGenerationMethods: [...METHODS[model.kind]],
    ...(model.thinking.kind === 'none' ? {} : { thinking: true }),
  }
}

function listModels({ settings, url }: Exchange): Reply {
  const live = [...MODELS.values()].filter((model) => !isShut(model, settings.today))
  const size = Math.min(Number(url.searchParams.get('pageSize') ?? 50), 1_000)
  const from = Number(url.searchParams.get('pageToken') ?? 0)
  const next = from + size < live.length ? { nextPageToken: String(from + size) } : {}
  return { kind: 'json', body: { models: live.slice(from, from + size).map(modelObject), ...next } }
}

function getModel({ pathModel, settings }: Exchange): Reply {
  const model = MODELS.get(pathModel)
  if (model === undefined || isShut(model, settings.today)) throw notFound(pathModel)
  return { kind: 'json', body: modelObject(servedBy(model, settings.today)) }
}
