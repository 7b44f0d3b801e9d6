import { describe, expect, test } from 'vitest'
import type { Body } from './support.ts'
import {
  answer,
  call,
  calling,
  encode,
  encodeMessages,
  END,
  event,
  refused,
  NEWEST,
  OLD,
  result,
  stream,
  tool,
  user,
  whole,
} from './support.ts'

const f = tool('f', {
  description: 'Does f',
  parameters: { type: 'object', properties: { x: { type: 'number' } } },
})
const g = tool('g')
const encodeTools = (body: Body, on = NEWEST) => encode(body, { on }).body
const config = (body: Body, on = NEWEST) => encodeTools(body, on).toolConfig?.functionCallingConfig
const named = (name: string) => ({ type: 'function', function: { name } })
const allowed = (mode: string, ...names: string[]) => ({
  type: 'allowed_tools',
  allowed_tools: { mode, tools: names.map(named) },
})

describe('tools', () => {
  test('[gemini 4.1 tools function] [gemini-trap 46] [gemini-trap 81] one Tool, whitelisted fields, schema as JSON Schema', () => {
    const strict = tool('h', { strict: true, parameters: { type: 'object', properties: {} }, surprise: 1 })
    expect(encodeTools({ tools: [f, g, strict] }).tools).toEqual([
      {
        functionDeclarations: [
          {
            name: 'f',
            description: 'Does f',
            parametersJsonSchema: expect.objectContaining({
              type: 'object',
              properties: { x: { type: 'number' } },
            }),
          },
          { name: 'g', description: 'g' },
          { name: 'h', description: 'h', parametersJsonSchema: expect.objectContaining({ type: 'object' }) },
        ],
      },
    ])
  })
  test.each<[string, Body, Body | undefined]>([
    ['absent', { tools: [f] }, undefined],
    ['"auto"', { tools: [f], tool_choice: 'auto' }, undefined],
    ['"auto" with strict', { tools: [f, tool('s', { strict: true })] }, { mode: 'VALIDATED' }],
    ['"none"', { tools: [f], tool_choice: 'none' }, { mode: 'NONE' }],
    ['"required"', { tools: [f, g], tool_choice: 'required' }, { mode: 'ANY' }],
    [
      '{type:"function"}',
      { tools: [f, g], tool_choice: named('g') },
      { mode: 'ANY', allowedFunctionNames: ['g'] },
    ],
    [
      'allowed_tools required',
      { tools: [f, g], tool_choice: allowed('required', 'f', 'g') },
      { mode: 'ANY', allowedFunctionNames: ['f', 'g'] },
    ],
    [
      'allowed_tools auto',
      { tools: [f, g], tool_choice: allowed('auto', 'f') },
      { mode: 'VALIDATED', allowedFunctionNames: ['f'] },
    ],
  ])('[gemini 4.3 %s]', (_row, body, expected) => expect(config(body)).toEqual(expected))
  test('[gemini 4.3 "none"] keeps the declarations', () =>
    expect(encodeTools({ tools: [f], tool_choice: 'none' }).tools).toHaveLength(1))
  test('[gemini 4.3 tools empty] is left out', () =>
    expect(encodeTools({ tools: [] })).toEqual(encodeTools({})))
  test('[gemini-trap 38] [gemini-trap 39] [gemini-trap 40] [gemini-trap 41] names go with ANY and VALIDATED only, and every choice has its mode', () => {
    expect(config({ tools: [f], tool_choice: 'required' })?.mode).toBe('ANY')
    expect(config({ tools: [f], tool_choice: 'none' })?.mode).toBe('NONE')
    expect(config({ tools: [f], tool_choice: allowed('auto', 'f') })?.mode).toBe('VALIDATED')
    expect(config({ tools: [f] })).toBeUndefined()
  })
  test('[gemini-trap 51] strict with auto is enforced; a forced choice already is', () => {
    const strict = [tool('s', { strict: true })]
    expect(config({ tools: strict })).toEqual({ mode: 'VALIDATED' })
    expect(config({ tools: strict, tool_choice: named('s') })).toEqual({
      mode: 'ANY',
      allowedFunctionNames: ['s'],
    })
  })
  test.each<[string, Body, string]>([
    ['an unknown name', { tools: [f], tool_choice: named('x') }, 'tool_choice'],
    ['an unknown allowed name', { tools: [f], tool_choice: allowed('auto', 'x') }, 'tool_choice'],
    ['a forced call without tools', { tool_choice: 'required' }, 'tool_choice'],
    ['no allowed tool', { tools: [f], tool_choice: allowed('auto') }, 'tool_choice.allowed_tools.tools'],
    ['an unknown mode', { tools: [f], tool_choice: allowed('maybe', 'f') }, 'tool_choice.allowed_tools.mode'],
    ['an unknown legacy name', { functions: [{ name: 'f' }], function_call: { name: 'x' } }, 'function_call'],
  ])('[gemini 4.3 unknown name] is refused: %s', (_what, body, param) =>
    expect(refused(body)).toEqual({ code: 'invalid_value', param }),
  )
  test('custom tools are refused wherever they are named', () => {
    expect(refused({ tools: [f], tool_choice: { type: 'custom', custom: { name: 'x' } } })).toEqual({
      code: 'unsupported_value',
      param: 'tool_choice.type',
    })
    expect(
      refused({
        tools: [f],
        tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [{ type: 'custom' }] } },
      }),
    ).toEqual({ code: 'unsupported_value', param: 'tool_choice.allowed_tools.tools[0].type' })
  })
  test('Google takes 512 functions', () => {
    const many = Array.from({ length: 513 }, (_, i) => tool(`f${i}`))
    expect(refused({ tools: many })).toEqual({ code: 'too_many_items', param: 'tools' })
    expect(encodeTools({ tools: many.slice(1) }).tools).toHaveLength(1)
  })
  test('[gemini 4.3 history without tools] is declared by name, not to be called', () => {
    const { body } = encodeMessages([
      user('1'),
      calling([call('a', 'f'), call('b', 'f')]),
      result('a'),
      result('b'),
    ])
    expect(body.tools).toEqual([{ functionDeclarations: [{ name: 'f', description: 'f' }] }])
    expect(body.toolConfig).toEqual({ functionCallingConfig: { mode: 'NONE' } })
  })
  test('[gemini 4.3 no parameters] sends no schema', () => {
    for (const parameters of [undefined, null, {}]) {
      expect(encodeTools({ tools: [tool('f', { parameters })] }).tools).toEqual([
        { functionDeclarations: [{ name: 'f', description: 'f' }] },
      ])
    }
  })
  test('a schema that is no object is wrapped, and its argument unwrapped', () => {
    const list = [tool('sum', { parameters: { type: 'array', items: { type: 'number' } } })]
    const { tools } = encodeTools({ tools: list })
    expect(tools).toMatchObject([
      {
        functionDeclarations: [
          {
            parametersJsonSchema: {
              type: 'object',
              properties: { value: { type: 'array' } },
              required: ['value'],
            },
          },
        ],
      },
    ])
    const { message } = answer(whole([{ functionCall: { name: 'sum', args: { value: [1, 2] } } }]), {
      tools: list,
    })
    expect(message.tool_calls).toMatchObject([{ function: { arguments: '[1,2]' } }])
    const history = encodeMessages(
      [user('1'), calling([call('a', 'sum', '[1,2]')]), result('a')],
      {},
      { tools: list },
    )
    expect(history.body.contents[1]?.parts[0]?.functionCall?.args).toEqual({ value: [1, 2] })
  })

  describe('calls in the answer', () => {
    const tools = [tool('get_weather'), tool('1st')]
    const calls = (...parts: unknown[]) => answer(whole(parts), { tools }).message.tool_calls
    test('[gemini 4.3 response call] id, type, name and arguments', () =>
      expect(
        calls({ functionCall: { id: 'g1', name: 'get_weather', args: { city: 'Zürich 🏔', n: [1, [2.5]] } } }),
      ).toEqual([
        {
          id: 'g1',
          type: 'function',
          function: { name: 'get_weather', arguments: '{"city":"Zürich 🏔","n":[1,[2.5]]}' },
        },
      ]))
    test.each([
      'default_api:get_weather',
      'default_api.get_weather',
      'Get_Weather',
      'default_api:GET_WEATHER',
    ])('[gemini 4.2 names] %s is the declared name', (name) =>
      expect(calls({ functionCall: { name } })).toMatchObject([{ function: { name: 'get_weather' } }]),
    )
    test('[gemini 4.2 names] a rewritten name comes back as it was', () =>
      expect(calls({ functionCall: { name: '_1st' } })).toMatchObject([{ function: { name: '1st' } }]))
    test('[gemini-trap 12] without args, {}', () =>
      expect(calls({ functionCall: { name: 'get_weather' } })).toMatchObject([
        { function: { arguments: '{}' } },
      ]))
    test('[gemini-trap 33] [known-bug 3] missing, empty and repeated ids are replaced by unique ones', () => {
      const ids = calls(
        { functionCall: { name: 'get_weather', id: '' } },
        { functionCall: { name: 'get_weather' } },
        { functionCall: { name: 'get_weather', id: 'x' } },
        { functionCall: { name: 'get_weather', id: 'x' } },
      )?.map((each) => each.id)
      expect(new Set(ids).size).toBe(4)
      expect(ids?.filter((id) => /^call_[0-9A-Za-z]{24}$/.test(id))).toHaveLength(3)
    })
    test('[gemini-trap 1] [known-bug 5] the reason is tool_calls', () => {
      expect(answer(whole([{ functionCall: { name: 'get_weather' } }]), { tools }).finish_reason).toBe(
        'tool_calls',
      )
      expect(
        stream([event([{ functionCall: { name: 'get_weather' } }]), END], { tools }).at(-2)?.choices[0]
          ?.finish_reason,
      ).toBe('tool_calls')
    })
  })

  describe('[gemini 4.1 functions, function_call] the legacy shape', () => {
    const functions = [{ name: 'f', description: 'Does f' }, { name: 'g' }]
    test('goes out like tools', () => {
      expect(encodeTools({ functions, function_call: { name: 'g' } })).toMatchObject({
        tools: [{ functionDeclarations: [{ name: 'f', description: 'Does f' }, { name: 'g' }] }],
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['g'] } },
      })
      expect(config({ functions, function_call: 'none' })).toEqual({ mode: 'NONE' })
      expect(config({ functions, function_call: 'auto' })).toBeUndefined()
    })
    test('comes back as function_call, one at a time', () => {
      const parts = [
        { functionCall: { name: 'f', args: { x: 1 } }, thoughtSignature: 'QUJD' },
        { functionCall: { name: 'g' } },
      ]
      const { message, finish_reason } = answer(whole(parts), { functions })
      expect(finish_reason).toBe('function_call')
      expect(message).toMatchObject({
        content: null,
        function_call: { name: 'f', arguments: '{"x":1}' },
        extra_content: { google: { thought_signature: 'QUJD' } },
      })
      expect(message.tool_calls).toBeUndefined()
      const chunks = stream([event(parts), END], { functions })
      expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
        { role: 'assistant', content: '', refusal: null },
        {
          function_call: { name: 'f', arguments: '{"x":1}' },
          extra_content: { google: { thought_signature: 'QUJD', thought_signature_model: 'gemini-3' } },
        },
        {},
        undefined,
      ])
      expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('function_call')
    })
  })
})

describe('response_format', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }
  const json = { response_format: { type: 'json_schema', json_schema: { name: 'x', schema, strict: true } } }
  const generation = (body: Body, on = NEWEST) => encodeTools(body, on).generationConfig
  test('[gemini 4.4 text] sends nothing', () =>
    expect(generation({ response_format: { type: 'text' } })).toBeUndefined())
  test('[gemini 4.4 json_object] [gemini-trap 94] is constrained to an object', () =>
    expect(generation({ response_format: { type: 'json_object' } })).toEqual({
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'object' },
    }))
  test('[gemini 4.4 json_schema] [gemini-trap 92] responseJsonSchema, whether strict or not', () => {
    for (const strict of [true, false, undefined]) {
      const body = {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema, strict, description: 'An a' },
        },
      }
      expect(generation(body)).toEqual({
        responseMimeType: 'application/json',
        responseJsonSchema: { ...schema, description: 'An a' },
      })
    }
  })
  test('[gemini-trap 93] keys keep their order', () => {
    const ordered = {
      type: 'object',
      properties: { z: { type: 'string' }, a: { type: 'string' }, m: { type: 'string' } },
    }
    const config = generation({
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: ordered } },
    })
    expect(JSON.stringify(config)).toMatch(/"z".*"a".*"m"/)
  })
  test('[gemini 4.4 json + image/audio modalities] is refused', () =>
    expect(refused(json, { on: 'gemini-3-pro-image' })).toEqual({
      code: 'unsupported_value',
      param: 'response_format',
    }))
  test('[gemini 4.4 json + built-in tools] works from generation 3 on, is refused before', () => {
    expect(encodeTools({ ...json, web_search_options: {} })).toMatchObject({
      tools: [{ googleSearch: {} }],
      generationConfig: { responseMimeType: 'application/json' },
    })
    expect(
      refused(
        { ...json, web_search_options: {} },
        {
          on: OLD,
        },
      ),
    ).toEqual({ code: 'unsupported_parameter', param: 'web_search_options' })
  })
  test('[gemini 4.4 json + tools, Gemini 3+] goes together', () => {
    const body = encodeTools({ ...json, tools: [f] })
    expect(body.generationConfig?.responseMimeType).toBe('application/json')
    expect(body.tools).toHaveLength(1)
    expect(body.toolConfig).toBeUndefined()
  })

  describe('[gemini 4.4 json + tools, Gemini < 3] [gemini-trap 91] [known-bug 10] a synthetic function gives the answer', () => {
    const body = { ...json, tools: [f] }
    const on = { on: OLD }
    test('is declared beside the others, and one must be called', () => {
      const encoded = encode(body, on)
      expect(encoded.body.generationConfig).toBeUndefined()
      expect(encoded.body.tools).toMatchObject([
        { functionDeclarations: [{ name: 'f' }, { name: 'json_response', parametersJsonSchema: schema }] },
      ])
      expect(encoded.body.toolConfig).toEqual({ functionCallingConfig: { mode: 'ANY' } })
      expect(encoded.adapted).toEqual(['response_format=synthetic_tool'])
    })
    const jsonCall = { functionCall: { id: 'j', name: 'json_response', args: { a: 'x' } } }
    test('its arguments are the content', () => {
      expect(answer(whole([jsonCall]), body, on)).toMatchObject({
        message: { content: '{"a":"x"}' },
        finish_reason: 'stop',
      })
      expect(answer(whole([jsonCall]), body, on).message.tool_calls).toBeUndefined()
      const chunks = stream([event([jsonCall]), END], body, on)
      expect(chunks.map((chunk) => chunk.choices[0]?.delta.content)).toEqual([
        '',
        '{"a":"x"}',
        undefined,
        undefined,
      ])
      expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    })
    test('real calls come before it', () => {
      const both = [jsonCall, { functionCall: { id: 'r', name: 'f' } }]
      expect(answer(whole(both), body, on)).toMatchObject({
        message: { content: null, tool_calls: [{ id: 'r' }] },
        finish_reason: 'tool_calls',
      })
      const chunks = stream([...both.map((part) => event([part])), END], body, on)
      expect(
        chunks
          .flatMap((chunk) => chunk.choices)
          .map((choice) => choice.delta.content ?? '')
          .join(''),
      ).toBe('')
    })
    test('text beside it does not spoil the JSON', () =>
      expect(answer(whole([{ text: 'Here:' }, jsonCall]), body, on).message.content).toBe('{"a":"x"}'))
    test('a schema that is no object is wrapped and unwrapped', () => {
      const list = {
        tools: [f],
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'x', schema: { type: 'array', items: {} } },
        },
      }
      expect(encode(list, on).body.tools).toMatchObject([
        {
          functionDeclarations: [{}, { parametersJsonSchema: { properties: { value: { type: 'array' } } } }],
        },
      ])
      expect(
        answer(whole([{ functionCall: { name: 'json_response', args: { value: [1] } } }]), list, on).message
          .content,
      ).toBe('[1]')
    })
    test('its name gives way to a function of the caller’s', () => {
      const encoded = encode({ ...json, tools: [tool('json_response')] }, on)
      expect(encoded.body.tools).toMatchObject([
        { functionDeclarations: [{ name: 'json_response' }, { name: 'json_response_2' }] },
      ])
    })
    test('with tool_choice none there is no function to call: JSON output it is', () => {
      const encoded = encodeTools({ ...body, tool_choice: 'none' }, OLD)
      expect(encoded.tools).toBeUndefined()
      expect(encoded.generationConfig?.responseMimeType).toBe('application/json')
    })
  })
  test('[gemini 4.3 forced choice + JSON schema] a synthetic function on every generation', () => {
    const encoded = encodeTools({ ...json, tools: [f, g], tool_choice: 'required' })
    expect(encoded.generationConfig).toBeUndefined()
    expect(encoded.tools).toMatchObject([
      { functionDeclarations: [{ name: 'f' }, { name: 'g' }, { name: 'json_response' }] },
    ])
    expect(encoded.toolConfig).toEqual({ functionCallingConfig: { mode: 'ANY' } })
    const few = encodeTools({ ...json, tools: [f, g], tool_choice: allowed('required', 'f') })
    expect(few.toolConfig).toEqual({
      functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f', 'json_response'] },
    })
  })
  test('[gemini 4.3 forced choice + JSON schema] one function by name leaves no answer to have a form', () => {
    const encoded = encodeTools({ ...json, tools: [f, g], tool_choice: named('g') })
    expect(encoded.generationConfig).toBeUndefined()
    expect(encoded.toolConfig).toEqual({
      functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['g'] },
    })
  })
})
