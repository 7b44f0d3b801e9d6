import { withUsage } from '../deliver.ts'
import { arrayOf, isObject, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { stripDirective } from '../script.ts'
import { tokensOf } from '../tokens.ts'
import type { Exchange, Reply } from '../types.ts'
import { vectorOf } from '../vector.ts'
import { invalidArgument } from './errors.ts'
import type { Model } from './models.ts'
import { readPayload } from './payload.ts'
import { bodyOf, modelFor } from './validate.ts'

const FULL = 3_072

/** gemini.md 6.3. */
export function batchEmbed(exchange: Exchange): Reply {
  const payload = readPayload(bodyOf(exchange), 'BatchEmbedContentsRequest')
  const model = modelFor(exchange, 'batchEmbedContents', ['embedding'])
  const requests = arrayOf(payload['requests']).filter(isObject)
  if (requests.length === 0)
    throw invalidArgument('* BatchEmbedContentsRequest.requests: at least one request is required\n')
  if (requests.length > 100)
    throw invalidArgument('* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n')
  const texts = requests.map((request, at) => check(request, model, at))
  const tokens = texts.reduce((sum, text) => sum + tokensOf(text), 0)
  const usage = withUsage({ promptTokenCount: tokens }, exchange.script)
  return {
    kind: 'json',
    usage,
    body: {
      embeddings: texts.map((text, at) => ({ values: values(text, requests[at] ?? {}) })),
      // Only the newest models count.
      ...(model.id.endsWith('-2') && exchange.script.noUsage !== true ? { usageMetadata: usage } : {}),
    },
  }
}

function check(request: JsonObject, model: Model, at: number): string {
  const field = `BatchEmbedContentsRequest.requests[${at}]`
  if (request['model'] !== `models/${model.id}`)
    throw invalidArgument(`* ${field}.model: the model must be the one of the URL, as models/${model.id}\n`)
  const text = arrayOf(objectOf(request['content'])['parts'])
    .map((part) => textOf(objectOf(part)['text']))
    .join(' ')
  if (text === '') throw invalidArgument(`* ${field}.content: content is empty\n`)
  const size = request['outputDimensionality']
  if (size !== undefined && (Number(size) < 1 || Number(size) > FULL))
    throw invalidArgument(`* ${field}.output_dimensionality: must be in the range [1, ${FULL}]\n`)
  if (model.id.endsWith('-2') && request['taskType'] !== undefined)
    throw invalidArgument('Task type is not supported for this model.')
  return stripDirective(text)
}

/** Cut off the whole vector, which alone is of length 1. */
function values(text: string, request: JsonObject): number[] {
  return vectorOf(text, FULL).slice(0, Number(request['outputDimensionality'] ?? FULL))
}
