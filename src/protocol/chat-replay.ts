import type { ChatChunk, ChatChoice, ChatCompletion, ChatDelta, ChunkChoice } from './chat.ts'
import { isRecord } from './guards.ts'

/** An answer in one piece and the same answer as a stream: each from the other, for who asks otherwise than was asked first. */
export const chatReplay = { toEvents, toResponse }

export function isChatChunk(value: unknown): value is ChatChunk {
  return isRecord(value) && Array.isArray(value['choices']) && value['choices'].every(isRecord)
}

/** The chunks as OpenAI sends them with `include_usage`; the endpoint's `trim` takes out what was not asked for. */
function toEvents(completion: ChatCompletion): readonly ChatChunk[] {
  const { object: _, choices, usage, ...rest } = completion
  const base = { ...rest, object: 'chat.completion.chunk' as const }
  const chunks = choices.flatMap((choice) =>
    deltasOf(choice).map((part): ChatChunk => ({ ...base, choices: [part], usage: null })),
  )
  return usage === undefined || usage === null ? chunks : [...chunks, { ...base, choices: [], usage }]
}

/** The role, then what was said, then each call of a tool, then the end. */
function deltasOf({ message, index, logprobs, finish_reason, ...rest }: ChatChoice): readonly ChunkChoice[] {
  const { role, content, refusal, tool_calls: calls = [], images, audio, ...others } = message
  const said: ChatDelta = {
    ...others,
    ...(content !== null && content !== undefined && content !== '' && { content }),
    ...(typeof refusal === 'string' && { refusal }),
    ...(audio && { audio }),
    ...(images && { images: images.map((image, at) => ({ ...image, index: at })) }),
  }
  const part = (delta: ChatDelta, more: Partial<ChunkChoice> = {}): ChunkChoice => ({
    index,
    delta,
    logprobs: null,
    finish_reason: null,
    ...more,
  })
  const first: ChatDelta = { role, content: typeof content === 'string' ? '' : null, refusal: null }
  return [
    part(first),
    ...(Object.keys(said).length > 0 ? [part(said, { logprobs })] : []),
    ...calls.map((call, at) => part({ tool_calls: [{ ...call, index: at }] })),
    part({}, { ...rest, finish_reason }),
  ]
}

type Tree = Record<string, unknown>

/** Adds the chunks up. Undefined if one of the choices has not ended. */
function toResponse(chunks: readonly ChatChunk[]): ChatCompletion | undefined {
  const [head] = chunks
  if (head === undefined) return undefined
  const choices = new Map<number, Tree>()
  let all: Tree = {}
  for (const { choices: parts, ...rest } of chunks) {
    all = { ...all, ...known(rest) }
    for (const part of parts) {
      const sum = choices.get(part.index) ?? {}
      choices.set(part.index, sum)
      addTo(sum, part)
    }
  }
  const { obfuscation: _, ...about } = all
  const ended = [...choices].sort(([a], [b]) => a - b).map(([index, sum]) => choiceOf(index, sum))
  const body = { ...about, id: head.id, object: 'chat.completion', choices: ended }
  return ended.length > 0 && isCompletion(body) ? body : undefined
}

/** Without what says nothing: `usage: null` in every chunk but the last. */
const known = (members: object): Tree =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined))

function isCompletion(body: object): body is ChatCompletion {
  return (
    'choices' in body &&
    Array.isArray(body.choices) &&
    body.choices.every((choice) => isRecord(choice) && typeof choice['finish_reason'] === 'string')
  )
}

function choiceOf(index: number, { delta, logprobs, finish_reason, ...rest }: Tree): Tree {
  const {
    role = 'assistant',
    content,
    refusal,
    tool_calls: calls,
    images,
    ...others
  } = isRecord(delta) ? delta : {}
  const silent =
    content === undefined || (content === '' && (calls !== undefined || 'function_call' in others))
  const message = {
    role,
    content: silent ? null : content,
    refusal: refusal ?? null,
    ...others,
    ...(Array.isArray(calls) && { tool_calls: calls.map(withoutIndex) }),
    ...(Array.isArray(images) && { images: images.map(withoutIndex) }),
  }
  return { ...rest, index, message, logprobs: logprobs ?? null, finish_reason }
}

function withoutIndex(item: unknown): unknown {
  if (!isRecord(item)) return item
  const { index: _, ...rest } = item
  return rest
}

/** Members that are said once or again, and never in pieces. */
const WHOLE = new Set([
  'id',
  'type',
  'index',
  'role',
  'finish_reason',
  'native_finish_reason',
  'extra_content',
])

/** Texts grow, lists grow (by `index` where their items have one), objects are added to member by member. */
function addTo(sum: Tree, part: object): void {
  for (const [name, value] of Object.entries(part)) {
    if (value === null || value === undefined) continue
    const old = sum[name]
    if (typeof value === 'string' && typeof old === 'string' && !WHOLE.has(name)) sum[name] = old + value
    else if (Array.isArray(value)) sum[name] = addItems(Array.isArray(old) ? old : [], value)
    else if (isRecord(value) && !WHOLE.has(name)) {
      const inner: Tree = isRecord(old) ? { ...old } : {}
      addTo(inner, value)
      sum[name] = inner
    } else sum[name] = value
  }
}

function addItems(old: readonly unknown[], more: readonly unknown[]): readonly unknown[] {
  const items = [...old]
  for (const item of more) {
    const index = isRecord(item) ? item['index'] : undefined
    const at = index === undefined ? -1 : items.findIndex((each) => isRecord(each) && each['index'] === index)
    const before = items[at]
    if (!isRecord(item) || !isRecord(before)) {
      items.push(isRecord(item) ? { ...item } : item)
      continue
    }
    const sum: Tree = { ...before }
    addTo(sum, item)
    items[at] = sum
  }
  return items
}
