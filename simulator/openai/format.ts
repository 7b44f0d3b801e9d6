import { given, isObject, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalid, missing } from './errors.ts'
import { checkValue } from './fields.ts'
import type { Model } from './models.ts'
import { strictFault } from './strict.ts'

const NAME = /^[A-Za-z0-9_-]{1,64}$/

/** openai.md 2.5. */
export function checkFormat(body: JsonObject, model: Model): void {
  if (!given(body, 'response_format')) return
  const format = objectOf(body['response_format'])
  checkValue(format['type'], ['text', 'json_object', 'json_schema'], 'response_format.type')
  const type = textOf(format['type'])
  if (type === 'json_object') checkJsonWord(body)
  if (type === 'json_schema') checkSchema(format, model)
  if (type !== 'text' && model.noFormat === true) throw unsupported(type)
}

function unsupported(type: string): Error {
  return invalid(
    null,
    'response_format',
    `Invalid parameter: 'response_format' of type '${type}' is not supported with this model.`,
  )
}

function checkJsonWord(body: JsonObject): void {
  if (/json/i.test(JSON.stringify(objectOf({ messages: body['messages'] })['messages']))) return
  const text =
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
  throw invalid(null, 'messages', text)
}

function checkSchema(format: JsonObject, model: Model): void {
  // openai.md 2.5, Models: not gpt-4, gpt-4-turbo, gpt-4o-2024-05-13 nor the audio models.
  if (model.noSchema === true || model.kind === 'audio') throw unsupported('json_schema')
  const declared = format['json_schema']
  if (!isObject(declared)) throw missing('response_format.json_schema')
  if (!given(declared, 'name')) throw missing('response_format.json_schema.name')
  const name = textOf(declared['name'])
  if (!NAME.test(name)) {
    const path = 'response_format.json_schema.name'
    throw invalid(
      'invalid_value',
      path,
      `Invalid '${path}': string does not match pattern '^[a-zA-Z0-9_-]+$'.`,
    )
  }
  if (declared['strict'] !== true) return
  const fault = strictFault(objectOf(declared['schema']))
  if (fault !== undefined)
    throw invalid(null, 'response_format', `Invalid schema for response_format '${name}': ${fault}`)
}
