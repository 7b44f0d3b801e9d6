import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../simulator/json.ts'
import { bench, chat, read, request } from './support.ts'

/** One valid request per kind of model; each case below breaks one rule of it. */
const USER: Json = { role: 'user', content: 'Say it in JSON, please' }
const FUNCTION: JsonObject = {
  name: 'get_fx',
  parameters: { type: 'object', properties: { pair: { type: 'string' } } },
}
const TOOL: JsonObject = { type: 'function', function: FUNCTION }
const CALL: JsonObject = { id: 'call_1', type: 'function', function: { name: 'get_fx', arguments: '{}' } }
const SCHEMA: JsonObject = {
  type: 'object',
  properties: { a: { type: 'string' }, b: { type: 'array', items: { type: 'integer' } } },
  required: ['a', 'b'],
  additionalProperties: false,
}

function format(schema: JsonObject, more: JsonObject = {}): JsonObject {
  return {
    response_format: { type: 'json_schema', json_schema: { name: 'out', schema, strict: true, ...more } },
  }
}

function nested(depth: number): JsonObject {
  return depth === 0 ? { type: 'string' } : { type: 'array', items: nested(depth - 1) }
}

function content(...parts: Json[]): JsonObject {
  return { messages: [{ role: 'user', content: parts }] }
}

const PNG = 'data:image/png;base64,iVBORw0KGgo='
const PICTURE: JsonObject = { type: 'image_url', image_url: { url: PNG, detail: 'low' } }
const FILE: JsonObject = {
  type: 'file',
  file: { file_data: 'data:application/pdf;base64,JVBERi0=', filename: 'a.pdf' },
}

const VALID: [string, JsonObject][] = [
  ['plain', {}],
  [
    'every sampling parameter',
    {
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: 1,
      frequency_penalty: -1,
      seed: 7,
      stop: ['END'],
      n: 2,
    },
  ],
  ['logprobs', { logprobs: true, top_logprobs: 3 }],
  ['tools and a choice', { tools: [TOOL], tool_choice: 'auto', parallel_tool_calls: false }],
  ['a named choice', { tools: [TOOL], tool_choice: { type: 'function', function: { name: 'get_fx' } } }],
  [
    'allowed tools',
    { tools: [TOOL], tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [TOOL] } } },
  ],
  ['a custom tool', { model: 'gpt-5', tools: [{ type: 'custom', custom: { name: 'run_sql' } }] }],
  ['a strict schema', format(SCHEMA)],
  ['a loose schema', format({ type: 'object', oneOf: [] }, { strict: false })],
  ['JSON mode', { response_format: { type: 'json_object' } }],
  ['pictures and files', content({ type: 'text', text: 'look' }, PICTURE, FILE)],
  [
    'a tool round',
    {
      messages: [
        USER,
        { role: 'assistant', content: null, tool_calls: [CALL] },
        { role: 'tool', tool_call_id: 'call_1', content: '1' },
      ],
    },
  ],
  [
    'reasoning',
    {
      model: 'gpt-5',
      reasoning_effort: 'minimal',
      max_completion_tokens: 500,
      temperature: 1,
      verbosity: 'low',
    },
  ],
  [
    'effort none and sampling',
    { model: 'gpt-5.6-sol', reasoning_effort: 'none', temperature: 0.2, tools: [TOOL] },
  ],
  ['tools where Chat has them', { model: 'gpt-5.2', reasoning_effort: 'high', tools: [TOOL] }],
  ['an unknown field', { brand_new: 1 }],
  ['an unknown service tier', { service_tier: 'ultrafast' }],
  ['streaming options', { stream: true, stream_options: { include_usage: true } }],
  ['search', { model: 'gpt-5-search-api', web_search_options: { search_context_size: 'low' } }],
  ['a fine-tune', { model: 'ft:gpt-4.1:org:suffix:id' }],
  [
    'audio',
    { model: 'gpt-audio-1.5', modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
  ],
]

describe('accepts', () => {
  test.each(VALID)('%s', async (_name, patch) => {
    const answered = await read(await bench().fetch(chat({ messages: [USER], ...patch })))
    expect(answered.text).not.toContain('"error"')
    expect(answered.status).toBe(200)
  })
})

interface Refusal {
  status?: number
  code: string | null
  param: string | null
}

function deep(schema: JsonObject): JsonObject {
  return format({ ...SCHEMA, properties: { ...(SCHEMA['properties'] as JsonObject), a: schema } })
}

const required: (param: string) => Refusal = (param) => ({ code: 'missing_required_parameter', param })

const BROKEN: [string, JsonObject, Refusal][] = [
  // 1.4 and 2.1
  ['no model', { model: null }, required('model')],
  ['no messages', { messages: null }, required('messages')],
  ['no message at all', { messages: [] }, { code: 'empty_array', param: 'messages' }],
  ['an unknown model', { model: 'gpt-9' }, { status: 404, code: 'model_not_found', param: null }],
  ['a model shut down', { model: 'gpt-4' }, { status: 404, code: 'model_not_found', param: null }],
  ['a Responses-only model', { model: 'o3-pro' }, { status: 404, code: null, param: 'model' }],
  ['no chat model', { model: 'text-embedding-3-small' }, { status: 404, code: null, param: 'model' }],
  ['a wrong type', { temperature: 'hot' }, { code: 'invalid_type', param: 'temperature' }],
  ['too hot', { temperature: 2.1 }, { code: 'decimal_above_max_value', param: 'temperature' }],
  ['too cold', { top_p: -0.1 }, { code: 'decimal_below_min_value', param: 'top_p' }],
  ['no choice', { n: 0 }, { code: 'integer_below_min_value', param: 'n' }],
  ['too many choices', { n: 129 }, { code: 'integer_above_max_value', param: 'n' }],
  ['too many stops', { stop: ['a', 'b', 'c', 'd', 'e'] }, { code: 'array_above_max_length', param: 'stop' }],
  [
    'an unknown effort',
    { model: 'gpt-5', reasoning_effort: 'huge' },
    { code: 'invalid_value', param: 'reasoning_effort' },
  ],
  [
    'a long cache key',
    { prompt_cache_key: 'x'.repeat(65) },
    { code: 'string_above_max_length', param: 'prompt_cache_key' },
  ],
  [
    'long metadata',
    { metadata: { k: 'v'.repeat(513) } },
    { code: 'string_above_max_length', param: 'metadata.k' },
  ],
  [
    'both token limits',
    { max_tokens: 5, max_completion_tokens: 5 },
    { code: 'invalid_parameter_combination', param: 'max_tokens' },
  ],
  ['top_logprobs alone', { top_logprobs: 2 }, { code: null, param: 'top_logprobs' }],
  [
    'stream_options alone',
    { stream_options: { include_usage: true } },
    { code: null, param: 'stream_options' },
  ],
  [
    'effort on a plain model',
    { reasoning_effort: 'low' },
    { code: 'unsupported_parameter', param: 'reasoning_effort' },
  ],
  ['verbosity on a plain model', { verbosity: 'low' }, { code: 'unsupported_value', param: 'verbosity' }],
  [
    'search options on a plain model',
    { web_search_options: {} },
    { code: 'unsupported_parameter', param: 'web_search_options' },
  ],
  [
    'audio from a plain model',
    { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
    { code: 'unsupported_value', param: 'modalities' },
  ],
  ['audio without a voice', { model: 'gpt-audio-1.5', modalities: ['text', 'audio'] }, required('audio')],
  [
    'streamed wav',
    {
      model: 'gpt-audio-1.5',
      stream: true,
      modalities: ['text', 'audio'],
      audio: { voice: 'alloy', format: 'wav' },
    },
    { code: 'unsupported_value', param: 'audio.format' },
  ],
  ['two spoken choices', { model: 'gpt-audio-1.5', n: 2 }, { code: 'unsupported_value', param: 'n' }],
  // 2.1 and 2.4, reasoning models
  [
    'max_tokens on reasoning',
    { model: 'gpt-5', max_tokens: 5 },
    { code: 'unsupported_parameter', param: 'max_tokens' },
  ],
  [
    'temperature on reasoning',
    { model: 'o3', temperature: 0.5 },
    { code: 'unsupported_value', param: 'temperature' },
  ],
  ['top_p with effort', { model: 'gpt-5.5', top_p: 0.5 }, { code: 'unsupported_value', param: 'top_p' }],
  [
    'penalty on reasoning',
    { model: 'gpt-5', presence_penalty: 1 },
    { code: 'unsupported_value', param: 'presence_penalty' },
  ],
  [
    'logit_bias on reasoning',
    { model: 'gpt-5', logit_bias: { 1: 1 } },
    { code: 'unsupported_parameter', param: 'logit_bias' },
  ],
  [
    'logprobs on reasoning',
    { model: 'gpt-6-astra', logprobs: true },
    { code: 'unsupported_parameter', param: 'logprobs' },
  ],
  ['stop on o3', { model: 'o3', stop: 'x' }, { code: 'unsupported_parameter', param: 'stop' }],
  ['two choices from o1', { model: 'o1', n: 2 }, { code: 'unsupported_value', param: 'n' }],
  [
    'parallel_tool_calls on o1',
    { model: 'o1', tools: [TOOL], parallel_tool_calls: true },
    { code: 'unsupported_parameter', param: 'parallel_tool_calls' },
  ],
  [
    'functions on o3',
    { model: 'o3', functions: [FUNCTION] },
    { code: 'unsupported_parameter', param: 'functions' },
  ],
  [
    'prediction on reasoning',
    { model: 'gpt-5', prediction: { type: 'content', content: 'x' } },
    { code: 'unsupported_parameter', param: 'prediction' },
  ],
  [
    'effort none on gpt-5',
    { model: 'gpt-5', reasoning_effort: 'none' },
    { code: 'unsupported_value', param: 'reasoning_effort' },
  ],
  [
    'effort none on gpt-6-astra',
    { model: 'gpt-6-astra', reasoning_effort: 'none' },
    { code: 'unsupported_value', param: 'reasoning_effort' },
  ],
  [
    'tools with the default effort',
    { model: 'gpt-5.5', tools: [TOOL] },
    { code: null, param: 'reasoning_effort' },
  ],
  [
    'tools on gpt-6-astra',
    { model: 'gpt-6-astra', tools: [TOOL] },
    { code: null, param: 'reasoning_effort' },
  ],
  // 2.3
  ['sampling on search', { model: 'gpt-5-search-api', temperature: 1 }, { code: null, param: null }],
  // 2.2
  ['no role', { messages: [{ content: 'x' }] }, required('messages[0].role')],
  [
    'an unknown role',
    { messages: [{ role: 'robot', content: 'x' }] },
    { code: 'invalid_value', param: 'messages[0].role' },
  ],
  ['no content', { messages: [{ role: 'user' }] }, required('messages[0].content')],
  [
    'content of the wrong type',
    { messages: [{ role: 'user', content: 5 }] },
    { code: 'invalid_type', param: 'messages[0].content' },
  ],
  [
    'an unknown part',
    content({ type: 'video', video: {} }),
    { code: 'invalid_value', param: 'messages[0].content[0].type' },
  ],
  ['a part without text', content({ type: 'text' }), required('messages[0].content[0].text')],
  [
    'a picture from the assistant',
    { messages: [USER, { role: 'assistant', content: [PICTURE] }] },
    { code: 'invalid_value', param: 'messages[1].content[0].type' },
  ],
  [
    'a picture without url',
    content({ type: 'image_url', image_url: {} }),
    required('messages[0].content[0].image_url.url'),
  ],
  [
    'a picture by path',
    content({ type: 'image_url', image_url: { url: '/tmp/a.png' } }),
    { code: 'invalid_image_url', param: 'messages[0].content[0].image_url.url' },
  ],
  [
    'an svg',
    content({ type: 'image_url', image_url: { url: 'data:image/svg+xml;base64,PHN2Zz4=' } }),
    { code: 'invalid_image_format', param: null },
  ],
  [
    'bad base64',
    content({ type: 'image_url', image_url: { url: 'data:image/png;base64,§§' } }),
    { code: 'invalid_base64_image', param: 'messages[0].content[0].image_url.url' },
  ],
  [
    'an unknown detail',
    content({ type: 'image_url', image_url: { url: PNG, detail: 'best' } }),
    { code: 'invalid_value', param: 'messages[0].content[0].image_url.detail' },
  ],
  [
    'sound to a plain model',
    content({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }),
    { code: 'invalid_value', param: 'messages[0].content[0]' },
  ],
  [
    'sound as a data URL',
    {
      model: 'gpt-audio-1.5',
      ...content({ type: 'input_audio', input_audio: { data: 'data:audio/wav;base64,AAAA', format: 'wav' } }),
    },
    { code: 'invalid_value', param: 'messages[0].content[0].input_audio.data' },
  ],
  [
    'sound in flac',
    {
      model: 'gpt-audio-1.5',
      ...content({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'flac' } }),
    },
    { code: 'invalid_value', param: 'messages[0].content[0].input_audio.format' },
  ],
  [
    'a bare base64 file',
    content({ type: 'file', file: { file_data: 'JVBERi0=', filename: 'a.pdf' } }),
    { code: 'invalid_value', param: 'messages[0].content[0].file.file_data' },
  ],
  [
    'a file without a name',
    content({ type: 'file', file: { file_data: 'data:application/pdf;base64,JVBERi0=' } }),
    required('messages[0].content[0].file.filename'),
  ],
  [
    'an empty assistant',
    { messages: [USER, { role: 'assistant', content: null }] },
    { code: null, param: 'messages.[1].content' },
  ],
  [
    'no calls in tool_calls',
    { messages: [USER, { role: 'assistant', content: 'x', tool_calls: [] }] },
    { code: 'empty_array', param: 'messages[1].tool_calls' },
  ],
  [
    'a call without id',
    { messages: [USER, { role: 'assistant', tool_calls: [{ ...CALL, id: null }] }] },
    required('messages[1].tool_calls[0].id'),
  ],
  [
    'arguments as an object',
    {
      messages: [
        USER,
        { role: 'assistant', tool_calls: [{ ...CALL, function: { name: 'f', arguments: {} } }] },
      ],
    },
    { code: 'invalid_type', param: 'messages[1].tool_calls[0].function.arguments' },
  ],
  [
    'a result without a call',
    { messages: [USER, { role: 'tool', tool_call_id: 'call_1', content: '1' }] },
    { code: null, param: 'messages.[1].role' },
  ],
  [
    'a result for another call',
    {
      messages: [
        USER,
        { role: 'assistant', tool_calls: [CALL] },
        { role: 'tool', tool_call_id: 'call_2', content: '1' },
      ],
    },
    { code: null, param: 'messages.[2].role' },
  ],
  [
    'a call without a result',
    { messages: [USER, { role: 'assistant', tool_calls: [CALL] }, USER] },
    { code: null, param: 'messages' },
  ],
  [
    'a call at the end',
    { messages: [USER, { role: 'assistant', tool_calls: [CALL] }] },
    { code: null, param: 'messages' },
  ],
  // 2.5
  [
    'JSON mode without the word',
    { messages: [{ role: 'user', content: 'hi' }], response_format: { type: 'json_object' } },
    { code: null, param: 'messages' },
  ],
  [
    'an unknown format',
    { response_format: { type: 'xml' } },
    { code: 'invalid_value', param: 'response_format.type' },
  ],
  ['a schema without a name', format(SCHEMA, { name: null }), required('response_format.json_schema.name')],
  [
    'a schema with a bad name',
    format(SCHEMA, { name: 'a b' }),
    { code: 'invalid_value', param: 'response_format.json_schema.name' },
  ],
  [
    'a schema for an audio model',
    { model: 'gpt-audio-1.5', ...format(SCHEMA) },
    { code: null, param: 'response_format' },
  ],
  [
    'a root array',
    format({ type: 'array', items: { type: 'string' } }),
    { code: null, param: 'response_format' },
  ],
  ['a root union', format({ anyOf: [SCHEMA] }), { code: null, param: 'response_format' }],
  [
    'open properties',
    format({ ...SCHEMA, additionalProperties: true }),
    { code: null, param: 'response_format' },
  ],
  ['an optional property', format({ ...SCHEMA, required: ['a'] }), { code: null, param: 'response_format' }],
  [
    'an extra requirement',
    format({ ...SCHEMA, required: ['a', 'b', 'c'] }),
    { code: null, param: 'response_format' },
  ],
  ['oneOf', deep({ type: 'string', oneOf: [{ type: 'string' }] }), { code: null, param: 'response_format' }],
  ['a schema too deep', deep(nested(11)), { code: null, param: 'response_format' }],
  [
    'too many enum values',
    deep({ type: 'integer', enum: Array.from({ length: 1_001 }, (_, at) => at) }),
    { code: null, param: 'response_format' },
  ],
  ['a dangling $ref', deep({ $ref: '#/$defs/x' }), { code: null, param: 'response_format' }],
  ['no type', deep({ description: 'x' }), { code: null, param: 'response_format' }],
  ['an unknown type', deep({ type: 'date' }), { code: null, param: 'response_format' }],
  ['an unknown format', deep({ type: 'string', format: 'uri' }), { code: null, param: 'response_format' }],
  ['an array without items', deep({ type: 'array' }), { code: null, param: 'response_format' }],
  // 2.6
  ['no tools', { tools: [] }, { code: 'array_below_min_length', param: 'tools' }],
  ['a tool without type', { tools: [{ function: { name: 'f' } }] }, required('tools[0].type')],
  ['a flat tool', { tools: [{ type: 'function', name: 'f' }] }, required('tools[0].function')],
  [
    'a tool with a bad name',
    { tools: [{ type: 'function', function: { name: 'a.b' } }] },
    { code: 'invalid_value', param: 'tools[0].function.name' },
  ],
  [
    'a tool of another kind',
    { tools: [{ type: 'web_search' }] },
    { code: 'invalid_value', param: 'tools[0].type' },
  ],
  [
    'a custom tool on gpt-4.1',
    { tools: [{ type: 'custom', custom: { name: 'f' } }] },
    { code: 'invalid_value', param: 'tools[0].type' },
  ],
  [
    'parameters of another type',
    { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'string' } } }] },
    { code: 'invalid_function_parameters', param: 'tools[0].function.parameters' },
  ],
  [
    'strict parameters that are open',
    {
      tools: [
        {
          type: 'function',
          function: { name: 'f', strict: true, parameters: { type: 'object', properties: {} } },
        },
      ],
    },
    { code: 'invalid_function_parameters', param: 'tools[0].function.parameters' },
  ],
  ['a choice without tools', { tool_choice: 'auto' }, { code: null, param: 'tool_choice' }],
  [
    'an unknown choice',
    { tools: [TOOL], tool_choice: 'any' },
    { code: 'invalid_value', param: 'tool_choice' },
  ],
  [
    'a choice of a stranger',
    { tools: [TOOL], tool_choice: { type: 'function', function: { name: 'f' } } },
    { code: null, param: 'tool_choice' },
  ],
  [
    'a flat choice',
    { tools: [TOOL], tool_choice: { type: 'function', name: 'get_fx' } },
    required('tool_choice.function'),
  ],
  ['parallel_tool_calls alone', { parallel_tool_calls: true }, { code: null, param: 'parallel_tool_calls' }],
  ['functions and tools', { tools: [TOOL], functions: [FUNCTION] }, { code: null, param: 'functions' }],
]

describe('refuses', () => {
  test.each(BROKEN)('%s', async (_name, patch, { status = 400, code, param }) => {
    const answered = await read(await bench().fetch(chat({ messages: [USER], ...patch })))
    expect(answered.json).toMatchObject({ error: { type: 'invalid_request_error', code, param } })
    expect(answered.status).toBe(status)
    expect(Object.keys(answered.json['error'] as JsonObject)).toEqual(['message', 'type', 'param', 'code'])
  })

  test('o1-mini gets no system message, while it lived', async () => {
    const simulator = bench({ today: '2025-01-01' })
    const answered = await read(
      await simulator.fetch(chat({ model: 'o1-mini', messages: [{ role: 'system', content: 'x' }, USER] })),
    )
    expect(answered.json).toMatchObject({ error: { code: 'unsupported_value', param: 'messages[0].role' } })
  })

  test('unknown fields only when told to', async () => {
    const answered = await read(await bench({ strictUnknown: true }).fetch(chat({ brand_new: 1 })))
    expect(answered.json).toMatchObject({ error: { code: 'unknown_parameter', param: 'brand_new' } })
  })

  test('a body that is no JSON, and another content type', async () => {
    const simulator = bench()
    expect((await read(await simulator.fetch(request('/v1/chat/completions', '{')))).json).toMatchObject({
      error: { code: null, param: null },
    })
    const form = request('/v1/chat/completions', '{}', { headers: { 'content-type': 'text/plain' } })
    expect((await read(await simulator.fetch(form))).json).toMatchObject({
      error: { code: 'unsupported_content_type' },
    })
  })

  test('a missing and a bad key, with the key masked', async () => {
    const simulator = bench()
    const missing = await read(
      await simulator.fetch(request('/v1/models', undefined, { headers: { authorization: '' } })),
    )
    expect(missing).toMatchObject({ status: 401, json: { error: { code: null } } })
    const bad = await read(
      await simulator.fetch(
        request('/v1/models', undefined, { headers: { authorization: 'Bearer sk-bad-key-12345678' } }),
      ),
    )
    expect(bad).toMatchObject({ status: 401, json: { error: { code: 'invalid_api_key' } } })
    expect(bad.text).toContain('5678')
    expect(bad.text).not.toContain('bad-key')
  })

  test('an unknown URL', async () => {
    const answered = await read(await bench().fetch(request('/v1/nothing', {})))
    expect(answered).toMatchObject({
      status: 404,
      json: { error: { message: 'Invalid URL (POST /v1/nothing)' } },
    })
  })
})

test('lists the models that live, and decodes a path', async () => {
  const simulator = bench()
  const list = await read(await simulator.fetch(request('/v1/models')))
  const ids = (list.json['data'] as JsonObject[]).map((model) => model['id'])
  expect(ids).toContain('gpt-4.1')
  expect(ids).not.toContain('gpt-4')
  const tuned = await read(await simulator.fetch(request('/v1/models/ft%3Agpt-4.1%3Aorg%3A%3Aid')))
  expect(tuned.json).toMatchObject({ id: 'ft:gpt-4.1:org::id', object: 'model' })
  const gone = await read(await simulator.fetch(request('/v1/models/gpt-4')))
  expect(gone).toMatchObject({ status: 404, json: { error: { code: 'model_not_found' } } })
})
