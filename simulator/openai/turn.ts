import { inputText } from './responses/input.ts'
import type { Media, Tool, Turn } from '../answer.ts'
import { arrayOf, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { stripDirective } from '../script.ts'
import { base64Bytes } from '../tokens.ts'

export function userText(messages: Json | undefined): string {
  const last = arrayOf(messages).findLast((message) => objectOf(message)['role'] === 'user')
  const content = objectOf(last)['content']
  if (typeof content === 'string') return content
  return arrayOf(content)
    .filter(isObject)
    .map((part) => textOf(part['text']))
    .filter((text) => text !== '')
    .join(' ')
}

/** What a request of any endpoint says, wherever it says it: this is where a directive is looked for. */
export function saidIn(body: Json | undefined): string {
  const { messages, input, prompt } = objectOf(body)
  const said = input ?? prompt
  if (said === undefined) return userText(messages)
  if (arrayOf(said).some(isObject)) return inputText(said)
  return typeof said === 'string' ? said : arrayOf(said).map(textOf).join(' ')
}

/** openai.md 2.2 and 2.6 read into the neutral turn. */
export function readTurn(request: JsonObject): Turn {
  const messages = arrayOf(request['messages']).map(objectOf)
  const lastAsked = messages.findLastIndex(({ role }) => role !== 'tool' && role !== 'function')
  const format = objectOf(request['response_format'])
  const schemas: Record<string, Json | undefined> = {
    json_object: {},
    json_schema: objectOf(format['json_schema'])['schema'] ?? {},
  }
  return {
    userText: stripDirective(userText(request['messages'])),
    media: mediaOf(messages.findLast(({ role }) => role === 'user')),
    results: messages.slice(lastAsked + 1).map(({ content }) => contentText(content)),
    tools: [
      ...arrayOf(request['tools']),
      ...arrayOf(request['functions']).map((each) => ({ function: each })),
    ].map(toolOf),
    choice: choiceOf(request['tool_choice'] ?? request['function_call']),
    output: schemas[textOf(format['type'])],
  }
}

function contentText(content: Json | undefined): string {
  return typeof content === 'string'
    ? content
    : arrayOf(content)
        .map((part) => textOf(objectOf(part)['text']))
        .join('')
}

function toolOf(tool: Json): Tool {
  const custom = objectOf(tool)['custom']
  if (isObject(custom)) return { name: textOf(custom['name']), schema: undefined, custom: true }
  const declared = objectOf(objectOf(tool)['function'])
  return { name: textOf(declared['name']), schema: declared['parameters'], custom: false }
}

function choiceOf(choice: Json | undefined): Turn['choice'] {
  if (typeof choice === 'string')
    return { kind: choice === 'none' ? 'none' : choice === 'required' ? 'must' : 'auto' }
  const chosen = objectOf(choice)
  if (isObject(chosen['allowed_tools'])) {
    const allowed = chosen['allowed_tools']
    return {
      kind: allowed['mode'] === 'required' ? 'must' : 'auto',
      names: arrayOf(allowed['tools']).map((tool) => toolOf(tool).name),
    }
  }
  const name = toolOf(chosen).name || textOf(chosen['name'])
  return name === '' ? { kind: 'auto' } : { kind: 'must', names: [name] }
}

function mediaOf(message: JsonObject | undefined): Media[] {
  return arrayOf(message?.['content'])
    .map(objectOf)
    .flatMap((part) => {
      const audio = objectOf(part['input_audio'])
      if (part['type'] === 'input_audio')
        return [{ mime: `audio/${textOf(audio['format'])}`, bytes: base64Bytes(textOf(audio['data'])) }]
      const url = textOf(objectOf(part['image_url'])['url']) || textOf(objectOf(part['file'])['file_data'])
      const data = /^data:([^;,]*)[^,]*,(.*)$/s.exec(url)
      if (data !== null) return [{ mime: data[1] ?? '', bytes: base64Bytes(data[2] ?? '') }]
      return part['type'] === 'image_url' || part['type'] === 'file'
        ? [{ mime: url || 'file', bytes: 0 }]
        : []
    })
}
