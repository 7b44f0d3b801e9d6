import { arrayOf, has, isObject, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalidArgument } from './errors.ts'
import { checkMedia } from './media.ts'
import type { Model } from './models.ts'

const DATA_FIELDS = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
  'audioTranscription',
]

export function partsOf(content: JsonObject | undefined): JsonObject[] {
  return arrayOf(content?.['parts']).map(objectOf)
}

export function callsOf(content: JsonObject | undefined): JsonObject[] {
  return partsOf(content).filter((part) => isObject(part['functionCall']))
}

export function responsesOf(content: JsonObject | undefined): JsonObject[] {
  return partsOf(content).filter((part) => isObject(part['functionResponse']))
}

/** gemini.md 2.1 to 2.4. */
export function checkContents(request: JsonObject, model: Model): void {
  const contents = arrayOf(request['contents']).map(objectOf)
  if (contents.length === 0)
    throw invalidArgument('* GenerateContentRequest.contents: contents is not specified\n')
  contents.forEach((content, index) => checkContent(content, index, model))
  checkTurns(contents)
  checkEnd(contents, model)
  checkSystem(request, model)
}

function checkContent(content: JsonObject, index: number, model: Model): void {
  // 2.2: function is a legacy role still accepted; a missing role defaults to user.
  if (has(content, 'role') && !['user', 'model', 'function', ''].includes(textOf(content['role']))) {
    throw invalidArgument('Please use a valid role: user, model.')
  }
  const path = `GenerateContentRequest.contents[${index}].parts`
  const parts = partsOf(content)
  if (parts.length === 0) throw invalidArgument(`* ${path}: contents.parts must not be empty.\n`)
  parts.forEach((part, at) => checkPart(part, `${path}[${at}]`, model))
  // 2.3 text: an empty one says nothing unless it carries a signature.
  if (parts.every((part) => part['text'] === '' && !has(part, 'thoughtSignature'))) {
    throw invalidArgument('Request has empty input. Please provide a non-empty input.')
  }
}

/** 2.3: exactly one data field. */
function checkPart(part: JsonObject, path: string, model: Model): void {
  const data = DATA_FIELDS.filter((field) => has(part, field))
  if (data.length === 0) {
    throw invalidArgument(`* ${path}.data: required oneof field 'data' must have one initialized field\n`)
  }
  if (data.length > 1) {
    throw invalidArgument(
      `Invalid value at '${path}' (oneof), oneof field 'data' is already set. Cannot set '${data[1]}'`,
    )
  }
  checkMedia(part, model)
  checkFunctionPart(part, path, model)
}

function checkFunctionPart(part: JsonObject, path: string, model: Model): void {
  for (const field of ['functionCall', 'functionResponse']) {
    if (!isObject(part[field])) continue
    if (textOf(part[field]['name']) === '') {
      throw invalidArgument(
        `* ${path}.${field === 'functionCall' ? 'function_call' : 'function_response'}.name: Name cannot be empty.\n`,
      )
    }
  }
  if (!isObject(part['functionResponse'])) return
  if (!has(part['functionResponse'], 'response'))
    throw invalidArgument(`* ${path}.function_response.response: required field is not set\n`)
  // 2.3, functionResponse details: multimodal results on Gemini 3 and later.
  if (has(part['functionResponse'], 'parts') && model.generation < 3) {
    throw invalidArgument('`function_response.parts` is not supported for this model.')
  }
}

/** 2.2 rules 2 and 3. */
function checkTurns(contents: readonly JsonObject[]): void {
  contents.forEach((content, index) => {
    const before = contents[index - 1]
    if (callsOf(content).length > 0) {
      if (before === undefined || before['role'] === 'model') {
        throw invalidArgument(
          'Please ensure that function call turn comes immediately after a user turn or after a function response turn.',
        )
      }
      checkResponses(callsOf(content), responsesOf(contents[index + 1]))
    } else if (responsesOf(contents[index + 1]).length > 0) {
      throw invalidArgument(
        'Please ensure that function response turn comes immediately after a function call turn.',
      )
    }
  })
  if (responsesOf(contents[0]).length > 0) {
    throw invalidArgument(
      'Please ensure that function response turn comes immediately after a function call turn.',
    )
  }
}

function checkResponses(calls: readonly JsonObject[], responses: readonly JsonObject[]): void {
  if (calls.length !== responses.length) {
    throw invalidArgument(
      'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.',
    )
  }
  // 4.2 rule 4: FC.id = FR.id; 9.2 trap 26: the name is that of the call.
  for (const response of responses) {
    const { id, name } = objectOf(response['functionResponse'])
    const named = calls.map((call) => objectOf(call['functionCall']))
    const matched = named.filter((call) => id === undefined || call['id'] === undefined || call['id'] === id)
    if (!matched.some((call) => call['name'] === name)) {
      throw invalidArgument(
        `Simulator: no function call of the preceding turn has name '${textOf(name)}' and id '${textOf(id)}'.`,
      )
    }
  }
}

/** 2.2 rule 5. */
function checkEnd(contents: readonly JsonObject[], model: Model): void {
  if (contents.at(-1)?.['role'] !== 'model' || model.prefill !== false) return
  throw invalidArgument('Please ensure that the last content has the role user.')
}

/** 2.1 systemInstruction: text parts only; Gemma takes none. */
function checkSystem(request: JsonObject, model: Model): void {
  if (!isObject(request['systemInstruction'])) return
  if (model.kind === 'gemma')
    throw invalidArgument(`Developer instruction is not enabled for models/${model.id}`)
  const parts = partsOf(request['systemInstruction'])
  if (parts.length === 0) {
    throw invalidArgument(
      '* GenerateContentRequest.system_instruction.parts: contents.parts must not be empty.\n',
    )
  }
  if (parts.some((part) => !has(part, 'text')))
    throw invalidArgument('System instruction supports only text parts.')
}
