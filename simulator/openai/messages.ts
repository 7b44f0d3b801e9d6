import { arrayOf, given, has, isObject, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { invalid, missing } from './errors.ts'
import { checkType, checkValue } from './fields.ts'
import type { Model } from './models.ts'

interface Role {
  parts: readonly string[]
  required: readonly string[]
}

const NOTHING: Role = { parts: [], required: [] }

/** openai.md 2.2: what each role may hold. */
const ROLES: Record<string, Role> = {
  developer: { parts: ['text'], required: ['content'] },
  system: { parts: ['text'], required: ['content'] },
  user: { parts: ['text', 'image_url', 'input_audio', 'file'], required: ['content'] },
  assistant: { parts: ['text', 'refusal'], required: [] },
  tool: { parts: ['text'], required: ['content', 'tool_call_id'] },
  function: { parts: ['text'], required: ['name'] },
}

export function checkMessages(body: JsonObject, model: Model): void {
  const messages = body['messages'] as Json
  checkType(messages, 'array', 'messages')
  if (arrayOf(messages).length === 0) {
    throw invalid(
      'empty_array',
      'messages',
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    )
  }
  arrayOf(messages).forEach((message, index) => {
    checkType(message, 'object', `messages[${index}]`)
    checkMessage(objectOf(message), `messages[${index}]`, model)
  })
  checkToolOrder(arrayOf(messages).map(objectOf))
}

function checkMessage(message: JsonObject, path: string, model: Model): void {
  if (!given(message, 'role')) throw missing(`${path}.role`)
  checkValue(message['role'], Object.keys(ROLES), `${path}.role`)
  const name = textOf(message['role'])
  const { parts, required } = ROLES[name] ?? NOTHING
  if (model.userOnly === true) refuseSystem(name, path)
  for (const field of required) if (!given(message, field)) throw missing(`${path}.${field}`)
  if (name === 'assistant') checkAssistant(message, path)
  if (given(message, 'content')) checkContent(message['content'] as Json, `${path}.content`, parts, model)
}

/** openai.md 2.2: o1-preview and o1-mini take neither system nor developer. */
function refuseSystem(role: string, path: string): void {
  if (role !== 'system' && role !== 'developer') return
  const text = `Unsupported value: '${path}.role' does not support '${role}' with this model.`
  throw invalid('unsupported_value', `${path}.role`, text)
}

/** openai.md 2.2: content is required unless there are calls (or an audio id, or a refusal); no empty tool_calls. */
function checkAssistant(message: JsonObject, path: string): void {
  if (given(message, 'tool_calls')) {
    const calls = message['tool_calls'] as Json
    checkType(calls, 'array', `${path}.tool_calls`)
    if (arrayOf(calls).length === 0) {
      const text = `Invalid '${path}.tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`
      throw invalid('empty_array', `${path}.tool_calls`, text)
    }
    arrayOf(calls).forEach((call, index) => checkCall(objectOf(call), `${path}.tool_calls[${index}]`))
  }
  const substitutes = ['content', 'tool_calls', 'function_call', 'audio', 'refusal']
  if (substitutes.every((field) => !given(message, field))) {
    const text = `Invalid value for 'content': expected a string, got null.`
    throw invalid(null, `messages.[${/\d+/.exec(path)?.[0]}].content`, text)
  }
}

function checkCall(call: JsonObject, path: string): void {
  for (const field of ['id', 'type']) if (!given(call, field)) throw missing(`${path}.${field}`)
  checkValue(call['type'], ['function', 'custom'], `${path}.type`)
  const type = textOf(call['type'])
  const payload = type === 'function' ? 'arguments' : 'input'
  if (!isObject(call[type])) throw missing(`${path}.${type}`)
  for (const field of ['name', payload]) {
    if (!has(call[type], field)) throw missing(`${path}.${type}.${field}`)
    checkType(call[type][field] as Json, 'string', `${path}.${type}.${field}`)
  }
}

function checkContent(content: Json, path: string, types: readonly string[], model: Model): void {
  checkType(content, 'string or array', path)
  arrayOf(content).forEach((value, index) => {
    const part = objectOf(value)
    if (!given(part, 'type')) throw missing(`${path}[${index}].type`)
    checkValue(part['type'], types, `${path}[${index}].type`)
    PARTS[textOf(part['type'])]?.(part, `${path}[${index}]`, model)
  })
}

type PartCheck = (part: JsonObject, path: string, model: Model) => void

/** openai.md 2.2, content parts. */
const PARTS: Record<string, PartCheck> = {
  text: (part, path) => {
    if (!given(part, 'text')) throw missing(`${path}.text`)
    checkType(part['text'] as Json, 'string', `${path}.text`)
  },
  image_url: checkImage,
  input_audio: (part, path, model) => {
    const audio = objectOf(part['input_audio'])
    for (const field of ['data', 'format'])
      if (!given(audio, field)) throw missing(`${path}.input_audio.${field}`)
    checkValue(audio['format'], ['wav', 'mp3'], `${path}.input_audio.format`)
    // openai.md 8, trap 19: bare base64 here, data URLs for images and files.
    if (textOf(audio['data']).startsWith('data:')) {
      throw invalid(
        'invalid_value',
        `${path}.input_audio.data`,
        `Invalid '${path}.input_audio.data': expected base64, got a data URL.`,
      )
    }
    if (model.kind !== 'audio') {
      throw invalid(
        'invalid_value',
        path,
        `Invalid content type. input_audio is not supported with this model.`,
      )
    }
  },
  file: (part, path) => {
    const file = objectOf(part['file'])
    if (!given(file, 'file_data') && !given(file, 'file_id')) throw missing(`${path}.file.file_id`)
    if (given(file, 'file_data') && !textOf(file['file_data']).startsWith('data:')) {
      throw invalid(
        'invalid_value',
        `${path}.file.file_data`,
        `Invalid '${path}.file.file_data': expected a base64-encoded data URL.`,
      )
    }
    if (given(file, 'file_data') && !given(file, 'filename')) throw missing(`${path}.file.filename`)
  },
}

const IMAGE_TYPES = /^data:image\/(png|jpe?g|webp|gif);base64,/

function checkImage(part: JsonObject, path: string, model: Model): void {
  const image = objectOf(part['image_url'])
  const url = textOf(image['url'])
  if (url === '') throw missing(`${path}.image_url.url`)
  if (model.noImages === true || model.kind === 'audio') {
    throw invalid(null, null, 'Invalid content type. image_url is only supported by certain models.')
  }
  if (url.startsWith('data:')) {
    if (!IMAGE_TYPES.test(url)) {
      const text =
        "You uploaded an unsupported image. Please make sure your image has of one the following formats: ['png', 'jpeg', 'gif', 'webp']."
      throw invalid('invalid_image_format', null, text)
    }
    if (/[^A-Za-z0-9+/=\s]/.test(url.slice(url.indexOf(',') + 1))) {
      throw invalid('invalid_base64_image', `${path}.image_url.url`, 'Invalid base64 image_url.')
    }
  } else if (!/^https?:\/\//.test(url)) {
    throw invalid(
      'invalid_image_url',
      `${path}.image_url.url`,
      `Invalid '${path}.image_url.url'. Expected a valid URL.`,
    )
  }
  if (given(image, 'detail'))
    checkValue(image['detail'], ['auto', 'low', 'high', 'original'], `${path}.image_url.detail`)
}

/** openai.md 2.9: every call answered, in any order, before any other role. */
function checkToolOrder(messages: readonly JsonObject[]): void {
  let open: string[] = []
  messages.forEach((message, index) => {
    if (message['role'] === 'tool') {
      open = answered(message, index, open)
      return
    }
    refuseUnanswered(open)
    open = arrayOf(message['tool_calls']).map((call) => textOf(objectOf(call)['id']))
  })
  refuseUnanswered(open)
}

function answered(message: JsonObject, index: number, open: readonly string[]): string[] {
  const id = textOf(message['tool_call_id'])
  if (open.includes(id)) return open.filter((each) => each !== id)
  const text =
    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
  throw invalid(null, `messages.[${index}].role`, text)
}

function refuseUnanswered(open: readonly string[]): void {
  if (open.length === 0) return
  const text = `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${open.join(', ')}`
  throw invalid(null, 'messages', text)
}
