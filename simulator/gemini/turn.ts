import type { Media, Tool, Turn } from '../answer.ts'
import { arrayOf, has, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { stripDirective } from '../script.ts'
import { base64Bytes } from '../tokens.ts'

function partsOf(content: Json | undefined): JsonObject[] {
  return arrayOf(objectOf(content)['parts']).map(objectOf)
}

function isUser(content: Json): boolean {
  return objectOf(content)['role'] !== 'model'
}

function hasText(content: Json): boolean {
  return partsOf(content).some((part) => textOf(part['text']) !== '')
}

/** Works on a body nobody has checked yet: this is where a directive is looked for. */
export function userText(contents: Json | undefined): string {
  const last = arrayOf(contents).findLast((content) => isUser(content) && hasText(content))
  return partsOf(last)
    .map((part) => textOf(part['text']))
    .filter((text) => text !== '')
    .join(' ')
}

/** The request, in camelCase, read into the neutral turn. */
export function readTurn(request: JsonObject): Turn {
  const contents = arrayOf(request['contents'])
  const generation = objectOf(request['generationConfig'])
  const lastUser = contents.findLast(isUser)
  return {
    userText: stripDirective(userText(contents)),
    media: contents.filter(isUser).slice(-1).flatMap(partsOf).flatMap(mediaOf),
    results: partsOf(lastUser)
      .filter((part) => isObject(part['functionResponse']))
      .map((part) => JSON.stringify(objectOf(part['functionResponse'])['response'] ?? {})),
    tools: declarations(request).map(toolOf),
    choice: choiceOf(objectOf(objectOf(request['toolConfig'])['functionCallingConfig'])),
    output: outputOf(generation),
  }
}

export function declarations(request: JsonObject): JsonObject[] {
  return arrayOf(request['tools'])
    .flatMap((tool) => arrayOf(objectOf(tool)['functionDeclarations']))
    .map(objectOf)
}

function toolOf(declaration: JsonObject): Tool {
  return {
    name: textOf(declaration['name']),
    schema: declaration['parametersJsonSchema'] ?? declaration['parameters'],
    custom: false,
  }
}

/** gemini.md 2.6. */
function choiceOf(config: JsonObject): Turn['choice'] {
  const mode = textOf(config['mode'])
  const kind = mode === 'NONE' ? 'none' : mode === 'ANY' ? 'must' : 'auto'
  const names = arrayOf(config['allowedFunctionNames']).map(textOf)
  return names.length === 0 ? { kind } : { kind, names }
}

function outputOf(generation: JsonObject): Json | undefined {
  if (generation['responseMimeType'] !== 'application/json') return undefined
  return generation['responseJsonSchema'] ?? generation['responseSchema'] ?? {}
}

function mediaOf(part: JsonObject): Media[] {
  const inline = objectOf(part['inlineData'])
  if (has(inline, 'data'))
    return [{ mime: textOf(inline['mimeType']), bytes: base64Bytes(textOf(inline['data'])) }]
  const file = objectOf(part['fileData'])
  if (has(file, 'fileUri')) return [{ mime: textOf(file['mimeType']) || textOf(file['fileUri']), bytes: 0 }]
  return arrayOf(objectOf(part['functionResponse'])['parts']).map(objectOf).flatMap(mediaOf)
}
