import { arrayOf, has, isObject, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalidArgument } from './errors.ts'
import { jsonSchemaFault } from './json-schema.ts'
import { legacySchemaFault } from './legacy-schema.ts'
import type { Model } from './models.ts'
import { builtIns } from './tools.ts'
import { declarations } from './turn.ts'

interface Case {
  request: JsonObject
  config: JsonObject
  model: Model
}

type Rule = (request: Case) => string | undefined

interface Range {
  name: string
  min: number
  max: number
  below?: true
}

/** gemini.md 2.7, ranges. */
const RANGES: readonly Range[] = [
  { name: 'temperature', min: 0, max: 2 },
  { name: 'topP', min: 0, max: 1 },
  { name: 'topK', min: 1, max: Infinity },
  { name: 'candidateCount', min: 1, max: 8 },
  { name: 'presencePenalty', min: -2, max: 2, below: true },
  { name: 'frequencyPenalty', min: -2, max: 2, below: true },
  { name: 'logprobs', min: 0, max: 20 },
]

const MIME_TYPES = ['text/plain', 'application/json', 'text/x.enum']

/** What each kind of model can put out; an image model takes TEXT and IMAGE, or IMAGE. */
const MODALITIES: Partial<Record<Model['kind'], readonly string[]>> = {
  speech: ['AUDIO'],
  image: ['TEXT', 'IMAGE'],
}

function isJson({ config }: Case): boolean {
  return config['responseMimeType'] === 'application/json'
}

/** gemini.md 2.7 unless said otherwise. */
const RULES: readonly Rule[] = [
  ({ config }) => {
    const broken = RANGES.find(
      ({ name, min, max, below }) =>
        has(config, name) && !within(Number(config[name]), { min, max, below: below === true }),
    )
    if (broken === undefined) return undefined
    return `* GenerateContentRequest.generation_config.${broken.name}: ${broken.name} must be in the range [${broken.min}, ${broken.max}${broken.below ? ')' : ']'}.\n`
  },
  ({ config }) =>
    Number(config['candidateCount'] ?? 1) > 1
      ? 'Multiple candidates is not enabled for this model'
      : undefined,
  ({ config }) =>
    has(config, 'presencePenalty') || has(config, 'frequencyPenalty')
      ? 'Penalty is not enabled for this model'
      : undefined,
  ({ config }) =>
    config['responseLogprobs'] === true || has(config, 'logprobs')
      ? 'Logprobs is not enabled for this model'
      : undefined,
  ({ config, model }) => {
    const asked = config['maxOutputTokens']
    if (asked === undefined || within(Number(asked), { min: 1, max: model.maxOutput, below: false }))
      return undefined
    return `Unable to submit request because it has a maxOutputTokens value of ${Number(asked)} but the supported range is from 1 (inclusive) to ${model.maxOutput + 1} (exclusive). Update the value and try again.`
  },
  ({ config }) => {
    const count = arrayOf(config['stopSequences']).length
    return count > 5 ? `The number of stop_sequences (${count}) exceeds the maximum of 5.` : undefined
  },
  ({ config }) => {
    const mime = textOf(config['responseMimeType'])
    if (mime === '' || MIME_TYPES.includes(mime)) return undefined
    return `* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are \`${MIME_TYPES.join('`, `')}\`.\n`
  },
  ({ config }) =>
    has(config, 'responseSchema') && has(config, 'responseJsonSchema')
      ? 'Only one of response_schema and response_json_schema may be set.'
      : undefined,
  (request) => {
    const { config } = request
    const typed = isJson(request) || config['responseMimeType'] === 'text/x.enum'
    return !typed && (has(config, 'responseSchema') || has(config, 'responseJsonSchema'))
      ? 'Response schema is only supported with response_mime_type application/json.'
      : undefined
  },
  ({ config }) => {
    const schema = config['responseJsonSchema']
    if (schema === undefined) return undefined
    const fault = isObject(schema) ? jsonSchemaFault(schema) : 'is not an object'
    return fault === undefined
      ? undefined
      : `* GenerateContentRequest.generation_config.response_json_schema: ${fault}\n`
  },
  ({ config }) => {
    const fault = legacySchemaFault(
      config['responseSchema'],
      'GenerateContentRequest.generation_config.response_schema',
    )
    return fault === undefined ? undefined : `* ${fault}\n`
  },
  // 4.4: JSON output and function tools.
  (request) =>
    isJson(request) && declarations(request.request).length > 0 && request.model.generation < 3
      ? "Function calling with a response mime type: 'application/json' is unsupported"
      : undefined,
  // 4.4: on 3 and later with AUTO and VALIDATED only; 4.3: forced choice and JSON cannot combine natively.
  (request) => {
    const mode = objectOf(objectOf(request.request['toolConfig'])['functionCallingConfig'])['mode']
    return isJson(request) && mode === 'ANY'
      ? "Function calling mode ANY with a response mime type: 'application/json' is unsupported"
      : undefined
  },
  // 4.4: JSON output and built-in tools.
  (request) =>
    isJson(request) && builtIns(request.request).length > 0 && request.model.generation < 3
      ? "Tool use with a response mime type: 'application/json' is unsupported"
      : undefined,
  // 4.4: JSON output and other modalities.
  (request) =>
    isJson(request) && arrayOf(request.config['responseModalities']).some((each) => each !== 'TEXT')
      ? "Response mime type 'application/json' is only supported for text output."
      : undefined,
  ({ config, model }) => {
    const asked = arrayOf(config['responseModalities']).map(textOf)
    const able = MODALITIES[model.kind] ?? ['TEXT']
    const fits =
      asked.every((each) => able.includes(each)) && (model.kind !== 'image' || asked.includes('IMAGE'))
    return asked.length === 0 || fits
      ? undefined
      : `The requested combination of response modalities (${asked.join(', ')}) is not supported by the model.`
  },
  // 2.9: one setting per category.
  ({ request }) => {
    const categories = arrayOf(request['safetySettings']).map((each) => textOf(objectOf(each)['category']))
    return new Set(categories).size < categories.length
      ? 'Found duplicate safety setting for the same category.'
      : undefined
  },
  // 2.1 cachedContent: then systemInstruction, tools and toolConfig must be absent.
  ({ request }) =>
    has(request, 'cachedContent') &&
    ['systemInstruction', 'tools', 'toolConfig'].some((field) => has(request, field))
      ? 'CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.'
      : undefined,
]

function within(value: number, { min, max, below }: { min: number; max: number; below: boolean }): boolean {
  return value >= min && (below ? value < max : value <= max)
}

export function checkConfig(request: JsonObject, model: Model): void {
  const config = objectOf(request['generationConfig'])
  for (const rule of RULES) {
    const fault = rule({ request, config, model })
    if (fault !== undefined) throw invalidArgument(fault)
  }
}
