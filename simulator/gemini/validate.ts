import { has, isObject } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Exchange, Refused } from '../types.ts'
import { checkConfig } from './config.ts'
import { checkContents } from './contents.ts'
import { googleError, invalidArgument } from './errors.ts'
import { isShut, MODELS, servedBy } from './models.ts'
import type { Model } from './models.ts'
import { readPayload } from './payload.ts'
import { checkSignatures } from './steps.ts'
import { checkThinking } from './thinking.ts'
import { checkTools } from './tools.ts'

interface Valid {
  model: Model
  /** In camelCase, whatever the caller wrote. */
  request: JsonObject
}

/** As Google judges: the payload's fields first, then the model, then what the fields say. */
export function validate(exchange: Exchange): Valid {
  const request = readPayload(bodyOf(exchange), 'GenerateContentRequest')
  const model = modelFor(exchange, 'generateContent', ['chat', 'gemma', 'image', 'speech'])
  for (const check of CHECKS) check(request, model)
  return { model, request }
}

const CHECKS: readonly ((request: JsonObject, model: Model) => void)[] = [
  checkContents,
  checkTools,
  checkConfig,
  checkThinking,
  checkSignatures,
  checkCache,
]

/** gemini.md 6.6: contents alone, or a whole request. */
export function validateCount(exchange: Exchange): Valid {
  const payload = readPayload(bodyOf(exchange), 'CountTokensRequest')
  const model = modelFor(exchange, 'countTokens', ['chat', 'gemma', 'image', 'embedding'])
  const whole = payload['generateContentRequest']
  if (isObject(whole) && has(payload, 'contents')) {
    throw invalidArgument('contents and generate_content_request are mutually exclusive.')
  }
  if (isObject(whole) && !has(whole, 'model')) {
    throw invalidArgument('* CountTokensRequest.generate_content_request.model: model is not specified\n')
  }
  const request = isObject(whole) ? whole : payload
  checkContents(request, model)
  return { model, request }
}

export function bodyOf({ json, rawBody }: Exchange): JsonObject {
  if (isObject(json)) return json
  throw invalidArgument(
    json === undefined
      ? `Invalid JSON payload received. ${rawBody === '' ? 'Unexpected end of string.' : 'Parsing terminated before end of input.'}\n${rawBody.slice(0, 40)}\n^`
      : 'Invalid JSON payload received. Unknown name "": Root element must be a message.',
  )
}

export function notFound(id: string, method = 'generateContent'): Refused {
  return googleError(
    404,
    'NOT_FOUND',
    `models/${id} is not found for API version v1beta, or is not supported for ${method}. Call ListModels to see the list of available models and their supported methods.`,
  )
}

/** gemini.md 8; retired models answer 404, and so do methods a model lacks (gemini.md 1.3). */
export function modelFor(
  { pathModel, settings }: Exchange,
  method: string,
  kinds: readonly Model['kind'][],
): Model {
  const model = MODELS.get(pathModel)
  if (model === undefined || isShut(model, settings.today)) throw notFound(pathModel, method)
  const serving = servedBy(model, settings.today)
  if (!kinds.includes(serving.kind)) throw notFound(pathModel, method)
  return serving
}

/** gemini.md 6.7: there are no caches here yet, so any name is one that expired. */
function checkCache(request: JsonObject): void {
  if (!has(request, 'cachedContent')) return
  throw googleError(403, 'PERMISSION_DENIED', 'CachedContent not found (or permission denied)')
}
