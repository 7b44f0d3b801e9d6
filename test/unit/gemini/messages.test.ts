import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../src/errors.ts'
import type { Body } from './support.ts'
import {
  answer,
  call,
  calling,
  encodeMessages,
  refused,
  NEWEST,
  OLD,
  refusal,
  result,
  tool,
  user,
  whole,
} from './support.ts'

const contents = (messages: readonly unknown[], on = NEWEST, body: Body = {}) =>
  encodeMessages(messages, { on }, body).body.contents
const bare = (list: readonly unknown[]): Body[] =>
  JSON.parse(JSON.stringify(list, (key, value: unknown) => (key === 'thoughtSignature' ? undefined : value)))

describe('messages', () => {
  test('[gemini 4.2 system, developer leading] [gemini-trap 95] [gemini-trap 96] every one of them, one part per text', () => {
    const { body, adapted } = encodeMessages([
      { role: 'system', content: 'one' },
      {
        role: 'developer',
        content: [
          { type: 'text', text: 'two' },
          { type: 'text', text: 'three' },
        ],
      },
      user('Hi'),
    ])
    expect(body.systemInstruction).toEqual({ parts: [{ text: 'one' }, { text: 'two' }, { text: 'three' }] })
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'Hi' }] }])
    expect(adapted).toEqual([])
  })
  test('[gemini 4.2 system later] [known-bug 35] is hoisted in order, and that is listed; strict refuses', () => {
    const messages = [
      { role: 'system', content: 'a' },
      user('Hi'),
      { role: 'system', content: 'b' },
      user('there'),
    ]
    const { body, adapted } = encodeMessages(messages)
    expect(body.systemInstruction).toEqual({ parts: [{ text: 'a' }, { text: 'b' }] })
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'Hi' }, { text: 'there' }] }])
    expect(adapted).toEqual(['messages.system=hoisted'])
    expect(refused({ messages }, { strict: true })).toEqual({
      code: 'unsupported_value',
      param: 'messages[2].role',
    })
  })
  test('[gemini 4.2 system, Gemma] [gemini-trap 98] goes before the first user turn', () => {
    const { body, adapted } = encodeMessages([{ role: 'system', content: 'Be brief.' }, user('Hi')], {
      on: 'gemma-4-31b-it',
    })
    expect(body.systemInstruction).toBeUndefined()
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'Be brief.' }, { text: 'Hi' }] }])
    expect(adapted).toEqual(['messages.system=moved_to_user'])
  })
  test('[gemini 4.2 step 6] instructions alone become a user turn', () => {
    const { body } = encodeMessages([{ role: 'system', content: 'Say hi' }])
    expect(body.contents).toEqual([{ role: 'user', parts: [{ text: 'Say hi' }] }])
    expect(body.systemInstruction).toBeUndefined()
  })
  test('[gemini 4.2 user string] [gemini 4.2 user array] in order', () => {
    expect(contents([user('Hi')])).toEqual([{ role: 'user', parts: [{ text: 'Hi' }] }])
    expect(
      contents([
        user([
          { type: 'text', text: 'a' },
          { type: 'text', text: '' },
          { type: 'text', text: 'b' },
        ]),
      ]),
    ).toEqual([{ role: 'user', parts: [{ text: 'a' }, { text: 'b' }] }])
  })
  test('[gemini 4.2 name] on a user message is listed', () => {
    expect(encodeMessages([{ role: 'user', name: 'Ann', content: 'Hi' }]).adapted).toEqual([
      'messages.name=dropped',
    ])
    expect(refused({ messages: [{ role: 'user', name: 'Ann', content: 'Hi' }] }, { strict: true })).toEqual({
      code: 'unsupported_parameter',
      param: 'messages[0].name',
    })
  })
  test('what our own answers bring is nothing new when it comes back, in strict mode too', () => {
    const { message } = answer(
      whole([
        { text: 'a', thoughtSignature: 'QUJD' },
        { text: 't', thought: true },
        { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
      ]),
      { include_reasoning: true },
    )
    const { adapted } = encodeMessages([user('1'), { ...message, annotations: [] }, user('2')], {
      strict: true,
    })
    expect(adapted).toEqual(['messages.reasoning_content=dropped'])
  })
  test('[gemini 4.2 assistant.content] [gemini 4.2 assistant.refusal] [gemini 4.2 refusal part] are model texts', () => {
    const list = contents([
      user('1'),
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'a' },
          { type: 'refusal', refusal: 'b' },
        ],
      },
      user('2'),
      { role: 'assistant', content: null, refusal: 'No.' },
      user('3'),
    ])
    expect(list.filter((each) => each.role === 'model').map((each) => each.parts)).toEqual([
      [{ text: 'a' }, { text: 'b' }],
      [{ text: 'No.' }],
    ])
  })
  test('[gemini 4.2 assistant.reasoning_content] is never history, and listed', () => {
    const { body, adapted } = encodeMessages([
      user('1'),
      { role: 'assistant', content: 'a', reasoning_content: 'secret thought' },
      user('2'),
    ])
    expect(JSON.stringify(body)).not.toContain('secret thought')
    expect(adapted).toEqual(['messages.reasoning_content=dropped'])
  })
  test('[gemini 4.2 assistant.tool_calls] [gemini-trap 30] texts first, calls after, in one content', () => {
    const list = contents([
      user('1'),
      calling([call('a', 'f', '{"x":1}')], { content: 'Let me see.' }),
      result('a'),
    ])
    expect(bare(list)[1]).toEqual({
      role: 'model',
      parts: [{ text: 'Let me see.' }, { functionCall: { id: 'a', name: 'f', args: { x: 1 } } }],
    })
  })
  test.each(['', '  ', undefined, null])('[gemini-trap 13] arguments %j are none', (args) => {
    const list = contents([user('1'), calling([call('a', 'f', args)]), result('a')])
    expect(list[1]?.parts[0]?.functionCall?.args).toEqual({})
  })
  test('[gemini 4.2 assistant.audio.id] cannot be replayed: its transcript can', () => {
    const spoken = { role: 'assistant', content: null, audio: { id: 'audio_1' } }
    expect(refused({ messages: [user('1'), spoken, user('2')] })).toEqual({
      code: 'unsupported_value',
      param: 'messages[1].audio',
    })
    expect(encodeMessages([user('1'), { ...spoken, content: 'as text' }, user('2')]).adapted).toEqual([
      'messages.audio=dropped',
    ])
  })

  describe('tool results', () => {
    const round = (content: unknown, on = NEWEST) =>
      contents([user('1'), calling([call('a', 'f')]), { role: 'tool', tool_call_id: 'a', content }], on)
    const response = (content: unknown) => round(content)[2]?.parts[0]?.functionResponse?.response
    test('[gemini 4.2 tool] [gemini-trap 26] [gemini-trap 31] [gemini-trap 32] [known-bug 8] carry the name of their call, and its id', () =>
      expect(round('ok')[2]).toEqual({
        role: 'user',
        parts: [{ functionResponse: { id: 'a', name: 'f', response: { output: 'ok' } } }],
      }))
    test.each<[unknown, unknown]>([
      ['plain', { output: 'plain' }],
      ['', { output: '' }],
      ['{"t":21}', { t: 21 }],
      ['{"output":1}', { output: 1 }],
      ['{"error":"boom"}', { error: 'boom' }],
      ['[1,2]', { output: [1, 2] }],
      ['17', { output: 17 }],
      ['null', { output: null }],
      ['true', { output: true }],
      ['{broken', { output: '{broken' }],
      ['{"$ref":"x"}', { output: '{"$ref":"x"}' }],
      ['{"a":{"$ref":"x"}}', { output: '{"a":{"$ref":"x"}}' }],
      ['{"n":12345678901234567890}', { output: '{"n":12345678901234567890}' }],
      [
        [
          { type: 'text', text: '{"a":' },
          { type: 'text', text: '1}' },
        ],
        { a: 1 },
      ],
      [[], { output: '' }],
      [null, { output: '' }],
    ])(
      '[gemini 4.2 step 5] [gemini-trap 34] [gemini-trap 36] %j is an object at Google’s',
      (content, expected) => expect(response(content)).toEqual(expected),
    )
    test('[gemini-trap 35] an error that is marked as one is one', () => {
      const list = contents([
        user('1'),
        calling([call('a', 'f')]),
        { ...result('a', 'boom'), is_error: true },
      ])
      expect(list[2]?.parts[0]?.functionResponse?.response).toEqual({ error: 'boom' })
    })
    test('[gemini 4.2 function] [known-bug 8] the legacy shape, by name and without ids', () => {
      const list = contents([
        user('1'),
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"x":1}' } },
        { role: 'function', name: 'f', content: '2' },
      ])
      expect(bare(list).slice(1)).toEqual([
        { role: 'model', parts: [{ functionCall: { name: 'f', args: { x: 1 } } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 2 } } }] },
      ])
    })
    test('[gemini-trap 37] [known-bug 12] images go inside from generation 3 on, after it before', () => {
      const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
      const content = [{ type: 'text', text: 'chart' }, image]
      expect(round(content)[2]?.parts).toEqual([
        {
          functionResponse: {
            id: 'a',
            name: 'f',
            response: { output: 'chart' },
            parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }],
          },
        },
      ])
      expect(round(content, OLD).slice(2)).toEqual([
        {
          role: 'user',
          parts: [{ functionResponse: { id: 'a', name: 'f', response: { output: 'chart' } } }],
        },
        {
          role: 'user',
          parts: [
            { text: '(image returned by tool f)' },
            { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
          ],
        },
      ])
    })
  })

  describe('order of turns', () => {
    test('[gemini 4.2 step 2] [gemini-trap 28] [known-bug 9] parallel results stand in one content, in the order of the calls', () => {
      const list = contents([
        user('1'),
        calling([call('a', 'f'), call('b', 'g'), call('c', 'h')]),
        result('c', '3'),
        result('a', '1'),
        result('b', '2'),
      ])
      expect(list.map((each) => each.role)).toEqual(['user', 'model', 'user'])
      expect(list[2]?.parts.map((part) => part.functionResponse?.name)).toEqual(['f', 'g', 'h'])
      expect(list[2]?.parts.map((part) => part.functionResponse?.response)).toEqual([
        { output: 1 },
        { output: 2 },
        { output: 3 },
      ])
    })
    test('[gemini 4.2 step 2] consecutive assistant messages are one model content', () => {
      const list = contents([
        user('1'),
        { role: 'assistant', content: 'a' },
        calling([call('x', 'f')]),
        result('x'),
      ])
      expect(bare(list)[1]).toEqual({
        role: 'model',
        parts: [{ text: 'a' }, { functionCall: { id: 'x', name: 'f', args: {} } }],
      })
    })
    test('text after tool results is a content of its own', () => {
      const list = contents([user('1'), calling([call('x', 'f')]), result('x'), user('and?')])
      expect(list.slice(2).map((each) => each.parts)).toEqual([
        [expect.objectContaining({ functionResponse: expect.anything() })],
        [{ text: 'and?' }],
      ])
    })
    test('[gemini 4.2 step 1] [gemini 4.2 step 4] [gemini-trap 49] an id that comes again is looked up in its own step, and sent under another', () => {
      const list = contents([
        user('1'),
        calling([call('call_0', 'f')]),
        result('call_0', 'x'),
        calling([call('call_0', 'g')]),
        result('call_0', 'y'),
      ])
      const [, first, firstResult, second, secondResult] = list
      expect(first?.parts[0]?.functionCall).toMatchObject({ id: 'call_0', name: 'f' })
      expect(firstResult?.parts[0]?.functionResponse).toMatchObject({
        id: 'call_0',
        name: 'f',
        response: { output: 'x' },
      })
      expect(second?.parts[0]?.functionCall).toMatchObject({ id: 'call_0_2', name: 'g' })
      expect(secondResult?.parts[0]?.functionResponse).toMatchObject({
        id: 'call_0_2',
        name: 'g',
        response: { output: 'y' },
      })
    })
    test('[gemini 4.2 step 6] [gemini-trap 97] contents without parts are left out', () => {
      expect(
        contents([
          user('a'),
          { role: 'assistant', content: '' },
          { role: 'assistant' },
          user(''),
          user([]),
          user('b'),
        ]),
      ).toEqual([{ role: 'user', parts: [{ text: 'a' }, { text: 'b' }] }])
    })
    test('[gemini 4.2 step 6] [gemini-trap 29] a history that starts with a call gets a user turn before it', () => {
      const { body, adapted } = encodeMessages([calling([call('x', 'f')]), result('x')])
      expect(body.contents.map((each) => each.role)).toEqual(['user', 'model', 'user'])
      expect(adapted).toContain('messages=user_turn_inserted')
    })
    test('a trailing assistant message is continued by models that do, and followed by a user turn for the others', () => {
      const messages = [user('a'), { role: 'assistant', content: 'Once' }]
      expect(contents(messages, 'gemini-3.6-flash')).toHaveLength(2)
      const { body, adapted } = encodeMessages(messages)
      expect(body.contents.at(-1)).toEqual({ role: 'user', parts: [{ text: 'Continue.' }] })
      expect(adapted).toEqual(['messages=user_turn_appended'])
      expect(refused({ messages }, { strict: true })).toEqual({
        code: 'unsupported_value',
        param: 'messages[1].role',
      })
    })
    test('[gemini 4.2 names] a name that Google refuses is rewritten everywhere', () => {
      const { body } = encodeMessages(
        [user('1'), calling([call('a', '1st-tool')]), result('a')],
        {},
        {
          tools: [tool('1st-tool'), tool('_1st-tool')],
          tool_choice: { type: 'function', function: { name: '1st-tool' } },
        },
      )
      const rewritten = '_1st-tool_2'
      expect(body.contents[1]?.parts[0]?.functionCall?.name).toBe(rewritten)
      expect(body.contents[2]?.parts[0]?.functionResponse?.name).toBe(rewritten)
      expect(body.toolConfig?.functionCallingConfig?.allowedFunctionNames).toEqual([rewritten])
      expect(body.tools).toEqual([
        {
          functionDeclarations: [
            expect.objectContaining({ name: rewritten }),
            expect.objectContaining({ name: '_1st-tool' }),
          ],
        },
      ])
    })
  })

  test.each<[string, readonly unknown[], ErrorCode, string]>([
    ['a result without its call', [user('1'), result('x')], 'invalid_value', 'messages[1].tool_call_id'],
    [
      'a result of an earlier step',
      [user('1'), calling([call('a')]), result('a'), user('2'), result('a')],
      'invalid_value',
      'messages[4].tool_call_id',
    ],
    [
      'two results for one call',
      [user('1'), calling([call('a')]), result('a'), result('a')],
      'invalid_value',
      'messages[3].tool_call_id',
    ],
    [
      'a call without result',
      [user('1'), calling([call('a'), call('b')]), result('a'), user('2')],
      'invalid_value',
      'messages[1].tool_calls[1].id',
    ],
    [
      'a call without result at the end',
      [user('1'), calling([call('a')])],
      'invalid_value',
      'messages[1].tool_calls[0].id',
    ],
    [
      'two calls with one id',
      [user('1'), calling([call('a'), call('a')]), result('a')],
      'invalid_value',
      'messages[1].tool_calls[1].id',
    ],
    [
      'a legacy result for another function',
      [
        user('1'),
        { role: 'assistant', function_call: { name: 'f', arguments: '' } },
        { role: 'function', name: 'g', content: '' },
      ],
      'invalid_value',
      'messages[2].name',
    ],
    [
      'both kinds of call',
      [user('1'), { ...calling([call('a')]), function_call: { name: 'f', arguments: '' } }],
      'invalid_value',
      'messages[1].function_call',
    ],
    [
      'arguments that are no JSON',
      [user('1'), calling([call('a', 'f', '{x')]), result('a')],
      'invalid_value',
      'messages[1].tool_calls[0].function.arguments',
    ],
    [
      'arguments that are no object',
      [user('1'), calling([call('a', 'f', '[1]')]), result('a')],
      'invalid_value',
      'messages[1].tool_calls[0].function.arguments',
    ],
    [
      'arguments that are no text',
      [user('1'), calling([call('a', 'f', { x: 1 })]), result('a')],
      'invalid_type',
      'messages[1].tool_calls[0].function.arguments',
    ],
    [
      'a custom call',
      [user('1'), calling([{ id: 'a', type: 'custom', custom: { name: 'x', input: '' } }]), result('a')],
      'unsupported_value',
      'messages[1].tool_calls[0].type',
    ],
    ['a call without id', [user('1'), calling([call('')])], 'invalid_value', 'messages[1].tool_calls[0].id'],
    [
      'calls that are no list',
      [user('1'), { role: 'assistant', tool_calls: 'x' }],
      'invalid_type',
      'messages[1].tool_calls',
    ],
    [
      'a call that is null',
      [user('1'), { role: 'assistant', tool_calls: [null] }],
      'invalid_type',
      'messages[1].tool_calls[0]',
    ],
    [
      'a call without function',
      [user('1'), calling([{ id: 'a', type: 'function' }])],
      'missing_required_parameter',
      'messages[1].tool_calls[0].function',
    ],
    ['an unknown role', [{ role: 'wizard', content: 'x' }], 'invalid_value', 'messages[0].role'],
    ['a role of Object', [{ role: 'toString', content: 'x' }], 'invalid_value', 'messages[0].role'],
    ['no role', [{ content: 'x' }], 'missing_required_parameter', 'messages[0].role'],
    ['a message that is null', [null], 'invalid_type', 'messages[0]'],
    ['a message that is a string', ['Hi'], 'invalid_type', 'messages[0]'],
    ['no messages', [], 'invalid_value', 'messages'],
    ['only empty messages', [user('')], 'invalid_value', 'messages'],
    ['content that is a number', [user(5)], 'invalid_type', 'messages[0].content'],
    ['content that is null', [user(null)], 'invalid_type', 'messages[0].content'],
    ['content that is missing', [{ role: 'user' }], 'missing_required_parameter', 'messages[0].content'],
    ['content that is an object', [user({ text: 'x' })], 'invalid_type', 'messages[0].content'],
    ['a part that is null', [user([null])], 'invalid_type', 'messages[0].content[0]'],
    [
      'a part without type',
      [user([{ text: 'x' }])],
      'missing_required_parameter',
      'messages[0].content[0].type',
    ],
    [
      'a part of unknown type',
      [user([{ type: 'hologram' }])],
      'invalid_value',
      'messages[0].content[0].type',
    ],
    [
      'a text that is a number',
      [user([{ type: 'text', text: 5 }])],
      'invalid_type',
      'messages[0].content[0].text',
    ],
    [
      'an image in a system message',
      [
        {
          role: 'system',
          content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
        },
        user('x'),
      ],
      'invalid_value',
      'messages[0].content[0].type',
    ],
    [
      'an image of the assistant',
      [
        user('1'),
        {
          role: 'assistant',
          content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
        },
        user('x'),
      ],
      'invalid_value',
      'messages[1].content[0].type',
    ],
    [
      'a tool result without id',
      [user('1'), calling([call('a')]), { role: 'tool', content: 'x' }],
      'missing_required_parameter',
      'messages[2].tool_call_id',
    ],
    [
      'a tool result that is a number',
      [user('1'), calling([call('a')]), result('a', 5)],
      'invalid_type',
      'messages[2].content',
    ],
    [
      'images that are no list',
      [user('1'), { role: 'assistant', content: 'a', images: 'x' }],
      'invalid_type',
      'messages[1].images',
    ],
    [
      'a refusal that is a number',
      [user('1'), { role: 'assistant', refusal: 5 }],
      'invalid_type',
      'messages[1].refusal',
    ],
  ])(
    '[gemini 4.2 step 3] [gemini-trap 27] [known-bug 2] bad input is refused by message and part: %s',
    (_what, messages, code, param) => {
      expect(refused({ messages })).toEqual({ code, param })
      expect(refused({ messages }, { on: OLD, strict: true })).toEqual({ code, param })
    },
  )
  test('a missing result is named by its id', () =>
    expect(refusal({ messages: [user('1'), calling([call('call_42')])] }).message).toContain('call_42'))
  test('messages that are no list', () => {
    expect(refused({ messages: 'Hi' })).toEqual({ code: 'invalid_type', param: 'messages' })
    expect(refused({ messages: null })).toEqual({ code: 'invalid_type', param: 'messages' })
  })
  test('the same history encodes to the same bytes, so that Google’s cache can hit', () => {
    const messages = [
      user('1'),
      calling([call('call_0', 'f')]),
      result('call_0', 'x'),
      calling([call('call_0', 'g')]),
      result('call_0', 'y'),
    ]
    expect(JSON.stringify(encodeMessages(messages))).toBe(JSON.stringify(encodeMessages(messages)))
  })
})
