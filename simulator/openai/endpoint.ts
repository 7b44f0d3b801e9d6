import { given, isObject, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Exchange } from '../types.ts'
import { checkField } from './fields.ts'
import type { Field } from './fields.ts'
import { invalid, missing, openaiError } from './errors.ts'
import { isShut, modelNamed } from './models.ts'
import type { Model } from './models.ts'

interface Rules {
  path: string
  kinds: readonly Model['kind'][]
  required: readonly string[]
  fields: readonly Field[]
  model?: string
}

interface Checked {
  request: JsonObject
  model: Model
}

/** What every endpoint but chat judges alike: the body, the model, each field (openai.md 1.4). */
export function checkRequest(exchange: Exchange, rules: Rules): Checked {
  const { headers, json } = exchange
  if (!(headers.get('content-type') ?? '').includes('application/json')) {
    throw invalid('unsupported_content_type', null, 'Unsupported content type. Send application/json.')
  }
  if (!isObject(json)) throw invalid(null, null, 'We could not parse the JSON body of your request.')
  const model = modelOn(exchange, textOf(json['model']) || rules.model, rules)
  for (const name of rules.required) if (!given(json, name)) throw missing(name)
  for (const field of rules.fields) checkField(json, field)
  return { request: json, model }
}

/** openai.md 1.4, the 404 rows. */
export function modelOn(
  { settings }: Exchange,
  id: string | undefined,
  { path, kinds }: Pick<Rules, 'path' | 'kinds'>,
): Model {
  if (id === undefined || id === '') throw missing('model')
  const model = modelNamed(id)
  if (model === undefined || isShut(model, settings.today)) {
    const message =
      model === undefined
        ? `The model \`${id}\` does not exist or you do not have access to it.`
        : `The model \`${id}\` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations`
    throw openaiError(404, { code: 'model_not_found', message })
  }
  if (kinds.includes(model.kind)) return model
  throw openaiError(404, {
    param: 'model',
    message: `This model is not supported in the v1/${path} endpoint.`,
  })
}
