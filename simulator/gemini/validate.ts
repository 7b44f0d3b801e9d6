import { objectOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Exchange } from '../types.ts'
import { googleError } from './errors.ts'
import { MODELS, servedBy } from './models.ts'
import type { Model } from './models.ts'

export interface Valid {
  model: Model
  request: JsonObject
}

export function validate({ json, pathModel, settings }: Exchange): Valid {
  const model = MODELS.get(pathModel)
  if (model === undefined) throw googleError(404, 'NOT_FOUND', 'x')
  return { model: servedBy(model, settings.today), request: objectOf(json) }
}

export function validateCount(exchange: Exchange): Valid {
  return validate(exchange)
}

export function notFound(id: string): ReturnType<typeof googleError> {
  return googleError(
    404,
    'NOT_FOUND',
    `models/${id} is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.`,
  )
}
