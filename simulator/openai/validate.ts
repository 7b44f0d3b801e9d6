import { given, isObject, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import type { Exchange, Settings } from '../types.ts'
import { checkField, FIELDS } from './fields.ts'
import { invalid, missing, openaiError } from './errors.ts'
import { checkFormat } from './format.ts'
import { checkMessages } from './messages.ts'
import { isShut, modelNamed } from './models.ts'
import type { Model } from './models.ts'
import { checkModelRules } from './rules.ts'
import { checkTools } from './tools.ts'

/** The request as OpenAI judges it: the body, the model, then each field, then how they go together. */
export function validate({ json, headers, settings }: Exchange): Model {
  if (!(headers.get('content-type') ?? '').includes('application/json')) {
    throw invalid('unsupported_content_type', null, 'Unsupported content type. Send application/json.')
  }
  if (!isObject(json)) throw invalid(null, null, 'We could not parse the JSON body of your request.')
  const model = chatModel(json, settings)
  if (!given(json, 'messages')) throw missing('messages')
  for (const field of FIELDS) checkField(json, field)
  if (settings.strictUnknown) refuseUnknown(json)
  checkMessages(json, model)
  checkTools(json)
  checkFormat(json, model)
  checkModelRules(json, model)
  return model
}

/** openai.md 1.4, the 404 rows, and 0.5 and 0.6 for which model answers where. */
function chatModel(body: JsonObject, settings: Settings): Model {
  if (!given(body, 'model')) throw missing('model')
  const id = textOf(body['model'])
  const model = modelNamed(id)
  if (model === undefined) {
    const message = `The model \`${id}\` does not exist or you do not have access to it.`
    throw openaiError(404, { code: 'model_not_found', message })
  }
  if (isShut(model, settings.today)) {
    const message = `The model \`${id}\` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations`
    throw openaiError(404, { code: 'model_not_found', message })
  }
  const elsewhere = ELSEWHERE[model.kind]
  if (elsewhere !== undefined) throw openaiError(404, { param: 'model', message: elsewhere })
  return model
}

const NOT_CHAT =
  'This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?'

const ELSEWHERE: Partial<Record<Model['kind'], string>> = {
  responses: 'This model is only supported in v1/responses and not in v1/chat/completions.',
  embedding: NOT_CHAT,
  moderation: NOT_CHAT,
  image: NOT_CHAT,
  speech: NOT_CHAT,
  transcription: NOT_CHAT,
  realtime: NOT_CHAT,
}

/** openai.md 1.4. Off by default: a gateway relays fields that are newer than this table. */
function refuseUnknown(body: JsonObject): void {
  const known = new Set(['model', 'messages', ...FIELDS.map(({ name }) => name)])
  const unknown = Object.keys(body).find((name) => !known.has(name))
  if (unknown !== undefined) throw invalid('unknown_parameter', unknown, `Unknown parameter: '${unknown}'.`)
}
