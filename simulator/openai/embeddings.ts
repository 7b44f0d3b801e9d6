import { withUsage } from '../deliver.ts'
import { arrayOf, given, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { base64 } from '../samples.ts'
import { stripDirective } from '../script.ts'
import { tokensOf } from '../tokens.ts'
import type { Exchange, Reply } from '../types.ts'
import { vectorOf } from '../vector.ts'
import { checkRequest } from './endpoint.ts'
import { invalid } from './errors.ts'

/** openai.md 5.1. */
export function embeddings(exchange: Exchange): Reply {
  const { request, model } = checkRequest(exchange, {
    path: 'embeddings',
    kinds: ['embedding'],
    required: ['input'],
    fields: [
      { name: 'input', kind: 'string or array', min: 1, max: 300_000 },
      { name: 'encoding_format', kind: 'string', values: ['float', 'base64'] },
      { name: 'dimensions', kind: 'integer', min: 1, max: largest(textOf(objectOf(exchange.json)['model'])) },
      { name: 'user', kind: 'string' },
    ],
  })
  if (model.id.endsWith('ada-002') && given(request, 'dimensions'))
    throw invalid(null, null, 'This model does not support specifying dimensions.')
  const texts = textsOf(request['input'])
  const size = Number(request['dimensions'] ?? largest(model.id))
  const tokens = texts.reduce((sum, text) => sum + tokensOf(text), 0)
  const usage = withUsage({ prompt_tokens: tokens, total_tokens: tokens }, exchange.script)
  const data = texts.map((text, index) => ({
    object: 'embedding',
    index,
    embedding: written(vectorOf(text, size), request),
  }))
  return { kind: 'json', body: { object: 'list', data, model: model.snapshot, usage }, usage }
}

function largest(id: string): number {
  return id.includes('large') ? 3_072 : 1_536
}

/** Token ids stand for a text of their own. */
function textsOf(input: Json | undefined): string[] {
  if (typeof input === 'string') return [refuseEmpty(stripDirective(input))]
  const list = arrayOf(input)
  if (list.every((each) => typeof each === 'number')) return [JSON.stringify(list)]
  if (list.length > 2_048)
    throw invalid(
      null,
      'input',
      "Invalid 'input': array too long. Expected an array with maximum length 2048.",
    )
  return list.map((each) =>
    Array.isArray(each) ? JSON.stringify(each) : refuseEmpty(stripDirective(textOf(each))),
  )
}

function refuseEmpty(text: string): string {
  if (text === '') throw invalid(null, 'input', "Invalid 'input': input cannot be an empty string.")
  return text
}

function written(vector: number[], { encoding_format: encoding }: JsonObject): Json {
  return encoding === 'base64' ? base64(new Uint8Array(new Float32Array(vector).buffer)) : vector
}
