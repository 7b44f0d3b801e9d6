import { objectOf, textOf } from '../json.ts'
import type { Exchange } from '../types.ts'
import { openaiError } from './errors.ts'
import { modelNamed } from './models.ts'
import type { Model } from './models.ts'

export function validate({ json }: Exchange): Model {
  const model = modelNamed(textOf(objectOf(json)['model']))
  if (model === undefined) throw openaiError(404, { message: 'no', code: 'model_not_found' })
  return model
}
