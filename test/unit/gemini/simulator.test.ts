import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSimulator } from '../../../simulator/index.ts'
import { sign } from '../../../simulator/gemini/signatures.ts'
import type { Script, Simulator } from '../../../simulator/index.ts'
import type { ChatChunk, ChatCompletion, ChatMessage } from '../../../src/protocol/chat.ts'
import { gemini } from '../../../src/providers/gemini/index.ts'
import type { CodecContext } from '../../../src/providers/provider.ts'
import type { Body } from './support.ts'
import {
  assembled,
  call,
  calling,
  chat,
  contextFor,
  memory,
  NEWEST,
  OLD,
  result,
  tool,
  user,
} from './support.ts'

const codec = gemini.codecs.chat
if (codec?.kind !== 'translation') throw new Error('No codec.')
const { encode, decode, events } = codec

/** Every model that answers a chat, on the day before the great rerouting. */
const MODELS = [
  'gemini-4-argon',
  'gemini-4-hydrogen',
  'gemini-3.8-flash',
  'gemini-3.7-flash',
  'gemini-flash-latest',
  'gemini-3.6-flash',
  'gemini-3.5-flash-lite',
  'gemini-3.1-pro-preview',
  'gemini-3.1-flash-lite',
  'gemini-3-flash-preview',
  'gemini-2.5-pro',
  'gemini-2.5-flash',
  'gemini-2.5-flash-lite',
]

function simulator(script?: Script): Simulator {
  let seed = 1
  const made = createSimulator({
    now: () => 1_790_000_000_000,
    random: () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647,
    wait: async () => {},
  })
  if (script !== undefined) made.rules([{ do: script }])
  return made
}

async function send(body: Body, context: CodecContext, sim: Simulator): Promise<Response> {
  const { path, body: bytes, headers } = encode(chat(body), context)
  const request = new Request(`https://generativelanguage.googleapis.com${path}`, {
    method: 'POST',
    body: bytes as string,
    headers: { ...headers, ...gemini.authorize('AIza-test') },
  })
  const response = await sim.fetch(request)
  if (response.status !== 200)
    throw new Error(`${response.status} ${await response.text()} for ${bytes as string}`)
  return response
}
async function ask(
  body: Body,
  options: { on?: string; sim?: Simulator; context?: CodecContext } = {},
): Promise<ChatCompletion> {
  const { on = NEWEST, sim = simulator(), context = contextFor({ on }) } = options
  const response = await send(body, context, sim)
  return decode(await response.json(), chat(body), context)
}
async function askStream(
  body: Body,
  options: { on?: string; sim?: Simulator; context?: CodecContext } = {},
): Promise<ChatChunk[]> {
  const { on = NEWEST, sim = simulator(), context = contextFor({ on }) } = options
  const asked = { ...body, stream: true }
  const text = await (await send(asked, context, sim)).text()
  const decoder = events?.(chat(asked), context)
  const chunks: ChatChunk[] = []
  for (const block of text.split(/\r?\n\r?\n/)) {
    if (block.startsWith('data:')) decoder?.push(block.slice(5), (chunk) => chunks.push(chunk))
  }
  decoder?.end((chunk) => chunks.push(chunk))
  return chunks
}
function messageOf(completion: Pick<ChatCompletion, 'choices'>): ChatMessage {
  const [choice] = completion.choices
  if (choice === undefined) throw new Error('No choice.')
  return choice.message
}

const weather = tool('get_weather', {
  description: 'Weather',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
})
const png = { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }

/** Each is what a client of OpenAI's sends; all of them must be to Google's liking, on every model. */
const REQUESTS: Readonly<Record<string, Body>> = {
  'a greeting': {},
  'instructions in two roles': {
    messages: [{ role: 'system', content: 'a' }, { role: 'developer', content: 'b' }, user('Hi')],
  },
  'instructions alone': { messages: [{ role: 'system', content: 'Say hi' }] },
  'late instructions': {
    messages: [
      user('Hi'),
      { role: 'assistant', content: 'Yo' },
      { role: 'system', content: 'b' },
      user('Hm'),
    ],
  },
  sampling: {
    temperature: 0.2,
    top_p: 0.9,
    top_k: 20,
    seed: 2 ** 50,
    stop: ['a', 'b'],
    presence_penalty: 0.5,
    max_completion_tokens: 4000,
  },
  'a small legacy limit': { max_tokens: 20 },
  'effort none': { reasoning_effort: 'none' },
  'effort minimal': { reasoning_effort: 'minimal' },
  'effort max': { reasoning_effort: 'max' },
  thoughts: { include_reasoning: true, reasoning_effort: 'low' },
  pictures: {
    messages: [
      user([
        { type: 'text', text: 'What?' },
        png,
        { type: 'image_url', image_url: { ...png.image_url, detail: 'low' } },
      ]),
    ],
  },
  'a PDF and sound': {
    messages: [
      user([
        { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' } },
        { type: 'input_audio', input_audio: { data: 'AAAA', format: 'mp3' } },
        { type: 'text', text: 'x' },
      ]),
    ],
  },
  tools: { tools: [weather, tool('plain'), tool('1st')] },
  'tools, none of them to be used': { tools: [weather], tool_choice: 'none' },
  'tools by force': { tools: [weather, tool('plain')], tool_choice: 'required' },
  'one tool by force': {
    tools: [weather, tool('plain')],
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
  },
  'allowed tools': {
    tools: [weather, tool('plain')],
    tool_choice: {
      type: 'allowed_tools',
      allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'plain' } }] },
    },
  },
  'strict tools': {
    tools: [
      tool('s', {
        strict: true,
        parameters: {
          type: 'object',
          properties: { x: { type: ['string', 'null'] } },
          required: ['x'],
          additionalProperties: false,
        },
      }),
    ],
  },
  JSON: { response_format: { type: 'json_object' } },
  'a schema': {
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'x',
        strict: true,
        schema: {
          type: 'object',
          properties: { a: { const: 'x' }, b: { anyOf: [{ type: 'number' }, { type: 'null' }] } },
          required: ['a', 'b'],
          additionalProperties: false,
        },
      },
    },
  },
  'a schema and tools': {
    tools: [weather],
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'x', schema: { type: 'object', properties: { a: { type: 'string' } } } },
    },
  },
  'a schema and tools, none to be used': {
    tools: [weather],
    tool_choice: 'none',
    response_format: { type: 'json_object' },
  },
  'a schema and tools by force': {
    tools: [weather],
    tool_choice: 'required',
    response_format: { type: 'json_object' },
  },
  'a schema and one tool by force': {
    tools: [weather],
    tool_choice: { type: 'function', function: { name: 'get_weather' } },
    response_format: { type: 'json_object' },
  },
  'the legacy form': {
    functions: [{ name: 'f', parameters: { type: 'object', properties: {} } }],
    function_call: 'auto',
  },
  search: { web_search_options: {} },
  'a history of calls without tools': {
    messages: [
      user('1'),
      calling([call('a', 'f'), call('b', 'g')]),
      result('b', '[1]'),
      result('a', 'text'),
      user('and?'),
    ],
  },
  'a history that starts with a call': {
    tools: [tool('f')],
    messages: [calling([call('a', 'f')]), result('a')],
  },
  'a history in the middle of a turn': {
    tools: [tool('f')],
    messages: [
      user('1'),
      { role: 'assistant', content: 'Hm' },
      calling([call('a', 'f')]),
      result('a'),
      calling([call('a', 'f'), call('b', 'f')]),
      result('b'),
      result('a'),
    ],
  },
  'a picture as result': {
    tools: [tool('f')],
    messages: [
      user('1'),
      calling([call('a', 'f')]),
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'x' }, png] },
    ],
  },
  'the legacy history': {
    functions: [{ name: 'f' }],
    messages: [
      user('1'),
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'x' },
    ],
  },
  'empty messages between': {
    messages: [
      user(''),
      { role: 'assistant', content: '' },
      user('x'),
      { role: 'assistant', content: null },
      user('y'),
    ],
  },
  'a trailing assistant message': { messages: [user('x'), { role: 'assistant', content: 'Once' }] },
  'hints of all kinds': {
    user: 'u',
    store: true,
    metadata: { a: 'b' },
    verbosity: 'low',
    service_tier: 'scale',
    prompt_cache_key: 'k',
    parallel_tool_calls: false,
    tools: [weather],
    unknown: 1,
  },
  flex: { service_tier: 'flex' },
  'Google’s own options': {
    google: {
      thinking_config: { include_thoughts: true },
      safety_settings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      media_resolution: 'MEDIA_RESOLUTION_LOW',
    },
  },
}

describe('the strict simulator accepts', () => {
  test.each(Object.entries(REQUESTS))(
    '[gemini 2] %s, whole and streamed, from every model',
    async (_what, body) => {
      for (const on of MODELS) {
        const whole = await ask(body, { on })
        expect(whole.choices).toHaveLength(1)
        const chunks = await askStream(body, { on })
        expect(chunks.at(-1)?.choices).toEqual([])
        expect(assembled(chunks).finish).toBe(whole.choices[0]?.finish_reason)
      }
    },
  )
  test('Gemma, which takes no instructions and does not think', async () => {
    for (const name of [
      'a greeting',
      'instructions in two roles',
      'late instructions',
      'effort max',
      'a small legacy limit',
    ]) {
      expect((await ask(REQUESTS[name] ?? {}, { on: 'gemma-4-31b-it' })).choices).toHaveLength(1)
    }
  })
  test('models that draw and models that speak', async () => {
    const drawn = await ask({ modalities: ['text', 'image'] }, { on: 'gemini-3.1-flash-image' })
    expect(messageOf(drawn).content).not.toBeUndefined()
    const spoken = await ask(
      { modalities: ['audio'], audio: { voice: 'alloy', format: 'pcm16' } },
      { on: 'gemini-3.1-flash-tts-preview' },
    )
    expect(spoken.choices).toHaveLength(1)
  })
})

describe('[gemini-trap 52] [known-bug 15] a loop of tools', () => {
  const tools = [weather]
  const scripted: Script = {
    calls: [
      { name: 'get_weather', args: { city: 'Bern' } },
      { name: 'get_weather', args: { city: 'Genf' } },
    ],
  }
  /** The simulator calls nothing after results: what it would say is given, signed as it signs. */
  const step = (on: string, round: number): NonNullable<Script['parts']> => {
    const generation = /^gemini-(\d)/.exec(on)?.[1] ?? '3'
    const calling = (i: number, city: string) => ({
      functionCall: { id: `r${round}c${i}`, name: 'get_weather', args: { city } },
    })
    const thoughtSignature = sign(`gemini-${generation}`, () => (round + 1) / 7)
    return [{ ...calling(0, 'Bern'), thoughtSignature }, calling(1, 'Genf')]
  }
  type Strip = (message: ChatMessage) => ChatMessage
  const kept: Strip = (message) => message
  const stripped: Strip = ({ role, content, tool_calls }) => ({
    role,
    content,
    tool_calls: tool_calls?.map((each) => ({ ...each, extra_content: undefined })),
  })
  test.each<[string, Strip, boolean]>([
    ['whose client keeps signatures', kept, false],
    ['whose client strips them, with notes', stripped, true],
    ['whose client strips them, without notes', stripped, false],
  ])('%s goes three rounds on every model', async (_what, strip, noted) => {
    for (const on of MODELS) {
      const notes = memory()
      const messages: unknown[] = [user('Weather?')]
      for (let round = 0; round < 3; round++) {
        const context = contextFor({ on, ...(noted && { notes }) })
        const body = { tools, messages: [...messages] }
        const { choices } = await ask(body, { sim: simulator({ parts: step(on, round) }), context })
        const message = choices[0]?.message
        expect(message?.tool_calls).toHaveLength(2)
        messages.push(strip(messageOf({ choices })))
        for (const each of [...(message?.tool_calls ?? [])].reverse())
          messages.push(result(each.id, '{"t":21}'))
      }
      expect((await ask({ tools, messages: [...messages] }, { on })).choices[0]?.finish_reason).toBe('stop')
    }
  })
  test('[gemini-trap 53] goes on at another generation', async () => {
    const messages: unknown[] = [user('Weather?')]
    for (const on of ['gemini-4-argon', 'gemini-3.8-flash', 'gemini-2.5-flash', 'gemini-3.6-flash']) {
      const body = { tools, tool_choice: 'required', messages: [...messages] }
      const { choices } = await ask(body, { sim: simulator(scripted), on })
      messages.push(
        choices[0]?.message,
        ...(choices[0]?.message.tool_calls ?? []).map((each) => result(each.id)),
      )
    }
    expect((await ask({ tools, messages: [...messages] })).choices).toHaveLength(1)
  })
  test('streamed and whole give the same message', async () => {
    const body = { tools, messages: [user('Weather?')] }
    const whole = await ask(body, { sim: simulator(scripted) })
    const chunks = await askStream(body, { sim: simulator(scripted) })
    expect(assembled(chunks).calls.map((each) => [each.name, each.arguments])).toEqual(
      whole.choices[0]?.message.tool_calls?.map((each) =>
        'function' in each ? [each.function.name, each.function.arguments] : [],
      ),
    )
    expect(chunks.at(-1)?.usage).toEqual(whole.usage)
  })
})

test('[gemini-trap 91] the synthetic function gives JSON on generation 2', async () => {
  const body = {
    tools: [weather],
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'x',
        schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      },
    },
  }
  const { choices } = await ask(body, {
    on: OLD,
    sim: simulator({ calls: [{ name: 'json_response', args: { a: 'x' } }] }),
  })
  expect(choices[0]).toMatchObject({ message: { content: '{"a":"x"}' }, finish_reason: 'stop' })
})

test('the simulator’s errors are read as what they are', async () => {
  const kinds: Record<string, string> = {
    per_minute: 'rate_limited',
    per_day: 'quota_exhausted',
    prepaid: 'billing',
    leaked_key: 'bad_credential',
    API_KEY_INVALID: 'bad_credential',
    location: 'precondition',
    too_long: 'context_too_long',
    not_found: 'model_missing',
    unavailable: 'overloaded',
    internal: 'server_error',
    html: 'bad_gateway',
  }
  for (const [error, kind] of Object.entries(kinds)) {
    const { path, body, headers } = encode(chat(), contextFor())
    const response = await simulator({ error, ...(error === 'html' && { status: 502 }) }).fetch(
      new Request(`https://generativelanguage.googleapis.com${path}`, {
        method: 'POST',
        body: body as string,
        headers: { ...headers, ...gemini.authorize('k') },
      }),
    )
    const text = await response.text()
    let parsed: unknown = text
    try {
      parsed = JSON.parse(text)
    } catch {}
    expect([error, gemini.classify(response.status, response.headers, parsed).kind]).toEqual([error, kind])
  }
})

/** Histories as clients make them: any order of messages that OpenAI would take. */
const content = fc.string({ maxLength: 12 })
const exchange = fc.oneof(
  content.map((text) => [user(text)]),
  content.map((text) => [{ role: 'assistant', content: text }]),
  content.map((text) => [{ role: 'system', content: text }]),
  fc
    .tuple(
      fc.array(fc.constantFrom('f', 'g', '1st tool'), { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      content,
    )
    .map(([names, backwards, text]) => {
      const calls = names.map((name, i) => call(`call_${i}`, name, JSON.stringify({ text })))
      const results = names.map((_, i) => result(`call_${i}`, text))
      return [calling(calls, { content: text || null }), ...(backwards ? results.reverse() : results)]
    }),
)
test('[gemini 4.2] any history that is whole is to Google’s liking', async () => {
  const property = fc.asyncProperty(
    fc.array(exchange, { minLength: 1, maxLength: 6 }),
    fc.constantFrom(...MODELS),
    fc.boolean(),
    async (exchanges, on, declared) => {
      const messages = [...exchanges.flat(), user('Well?')]
      const response = await ask(
        { messages, ...(declared && { tools: [tool('f'), tool('g'), tool('1st tool')] }) },
        { on },
      )
      return response.choices.length === 1
    },
  )
  expect((await fc.check(property, { numRuns: 150 })).counterexample).toBeNull()
})
