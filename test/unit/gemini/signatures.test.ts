import { describe, expect, test } from 'vitest'
import type { ChatCompletion } from '../../../src/protocol/chat.ts'
import type { Body, ContextOptions } from './support.ts'
import {
  answer,
  call,
  calling,
  decode,
  encodeMessages,
  END,
  event,
  memory,
  NEWEST,
  OLD,
  result,
  stream,
  tool,
  user,
  whole,
} from './support.ts'

const SENTINEL = 'skip_thought_signature_validator'
const SIGNATURE = 'QUJDREVGR0g='
const OTHER = 'SElKS0xNTk8='
const google = (signature: string, rest: Body = {}) => ({
  extra_content: { google: { thought_signature: signature, ...rest } },
})

/** The signatures of the parts of every model content, in order. */
function signatures(messages: readonly unknown[], options: ContextOptions = {}): (string | undefined)[] {
  return encodeMessages(messages, options)
    .body.contents.filter((content) => content.role === 'model')
    .flatMap((content) => content.parts.map((part) => part.thoughtSignature))
}
const step = (carrier: Body, options: ContextOptions = {}, message: Body = {}) =>
  signatures([user('1'), calling([call('c1', 'f', '{}', carrier)], message), result('c1')], options)

describe('signatures that come back', () => {
  test.each<[string, unknown[]]>([
    ['A extra_content', [user('1'), calling([call('c1', 'f', '{}', google(SIGNATURE))]), result('c1')]],
    [
      'B in the id (LiteLLM) [gemini-trap 56]',
      [user('1'), calling([call(`c1__thought__${SIGNATURE}`)]), result(`c1__thought__${SIGNATURE}`)],
    ],
    [
      'function.thought_signature (Portkey)',
      [
        user('1'),
        calling([
          {
            id: 'c1',
            type: 'function',
            function: { name: 'f', arguments: '{}', thought_signature: SIGNATURE },
          },
        ]),
        result('c1'),
      ],
    ],
    [
      'provider_specific_fields (LiteLLM)',
      [
        user('1'),
        calling([call('c1', 'f', '{}', { provider_specific_fields: { thought_signature: SIGNATURE } })]),
        result('c1'),
      ],
    ],
    [
      'provider_specific_fields of the message (LiteLLM)',
      [
        user('1'),
        calling([call('c1')], { provider_specific_fields: { thought_signatures: [SIGNATURE] } }),
        result('c1'),
      ],
    ],
    [
      'reasoning_details by id (OpenRouter) [known-bug 19]',
      [
        user('1'),
        calling([call('c1')], {
          reasoning_details: [
            { type: 'reasoning.text', text: 'x' },
            { type: 'reasoning.encrypted', id: 'c1', data: SIGNATURE, format: 'google-gemini-v1' },
          ],
        }),
        result('c1'),
      ],
    ],
    [
      'reasoning_details without id (OpenRouter)',
      [
        user('1'),
        calling([call('c1')], { reasoning_details: [{ type: 'reasoning.encrypted', data: SIGNATURE }] }),
        result('c1'),
      ],
    ],
    ['message-level extra_content', [user('1'), calling([call('c1')], google(SIGNATURE)), result('c1')]],
  ])(
    '[gemini 4.6 %s] [gemini-trap 52] [known-bug 14] [known-bug 15] [known-bug 17] [known-bug 18] are sent on',
    (_dialect, messages) => {
      const encoded = encodeMessages(messages)
      expect(encoded.body.contents[1]?.parts).toEqual([
        { functionCall: expect.objectContaining({ id: 'c1' }), thoughtSignature: SIGNATURE },
      ])
      expect(encoded.body.contents[2]?.parts).toMatchObject([{ functionResponse: { id: 'c1' } }])
      expect(encoded.adapted).toEqual([])
    },
  )
  test('[gemini 4.6 C] [known-bug 21] [known-bug 22] clients that strip them are helped out by notes', () => {
    const notes = memory()
    const parts = [{ functionCall: { id: 'c1', name: 'f' }, thoughtSignature: SIGNATURE }]
    decode(whole(parts), { tools: [tool('f')] }, { notes })
    expect(step({}, { notes })).toEqual([SIGNATURE])
    const streamed = memory()
    stream([event(parts), END], { tools: [tool('f')] }, { notes: streamed })
    expect(step({}, { notes: streamed })).toEqual([SIGNATURE])
  })
  test('[gemini 4.6 sentinel] [gemini-trap 57] [known-bug 16] a call that never had one gets the documented sentinel, and that is listed', () => {
    const encoded = encodeMessages([user('1'), calling([call('c1')]), result('c1')])
    expect(encoded.body.contents[1]?.parts[0]?.thoughtSignature).toBe(SENTINEL)
    expect(encoded.adapted).toEqual(['thought_signature=sentinel'])
    expect(step({}, { strict: true })).toEqual([SENTINEL])
  })
  test('[gemini 4.6 <= 2.5] no sentinel, but a signature that came along', () => {
    expect(step({}, { on: OLD })).toEqual([undefined])
    expect(step(google(SIGNATURE), { on: OLD })).toEqual([SIGNATURE])
    expect(step(google(SENTINEL), { on: OLD })).toEqual([undefined])
    expect(step(google(SIGNATURE), { on: 'gemini-2.0-flash' })).toEqual([undefined])
  })
  test('[gemini-trap 55] parallel calls: the first only, unless others have their own', () => {
    const messages = (second: Body) => [
      user('1'),
      calling([call('a', 'f', '{}', google(SIGNATURE)), call('b', 'f', '{}', second)]),
      result('a'),
      result('b'),
    ]
    expect(signatures(messages({}))).toEqual([SIGNATURE, undefined])
    expect(signatures(messages(google(OTHER)))).toEqual([SIGNATURE, OTHER])
    expect(signatures([user('1'), calling([call('a'), call('b')]), result('a'), result('b')])).toEqual([
      SENTINEL,
      undefined,
    ])
  })
  test('[gemini 4.6 current turn] every step since the last user message, and none before it', () => {
    const messages = [
      user('1'),
      calling([call('a')]),
      result('a'),
      { role: 'assistant', content: 'x' },
      user('2'),
      calling([call('b')]),
      result('b'),
      calling([call('c')]),
      result('c'),
    ]
    expect(signatures(messages)).toEqual([undefined, undefined, SENTINEL, SENTINEL])
  })
  test('earlier turns keep the signatures they have', () =>
    expect(
      signatures([
        user('1'),
        calling([call('a', 'f', '{}', google(SIGNATURE))]),
        result('a'),
        { role: 'assistant', content: 'x' },
        user('2'),
      ]),
    ).toEqual([SIGNATURE, undefined]))
  test.each<[string, Body]>([
    ['cut short [known-bug 20]', google('QUJDRA=')],
    ['not base64', google('{"a":1}')],
    ['of one character more', google('QUJDR')],
    ['another family’s', google(SIGNATURE, { thought_signature_model: 'gemini-4' })],
    ['empty', google('')],
    ['no text', { extra_content: { google: { thought_signature: 7 } } }],
    ['in a broken carrier', { extra_content: 'x' }],
  ])('[gemini-trap 53] a signature that is %s is replaced by the sentinel', (_what, carrier) =>
    expect(step(carrier)).toEqual([SENTINEL]),
  )
  test('[gemini-trap 53] another provider’s encrypted reasoning is not Google’s', () =>
    expect(
      step(
        {},
        {},
        {
          reasoning_details: [
            { type: 'reasoning.encrypted', id: 'c1', data: SIGNATURE, format: 'anthropic-claude-v1' },
          ],
        },
      ),
    ).toEqual([SENTINEL]))
  test('[gemini-trap 53] the note tells the origin when the client stripped it', () => {
    const notes = memory()
    decode(
      whole([{ functionCall: { id: 'c1', name: 'f' }, thoughtSignature: SIGNATURE }], {
        modelVersion: 'gemini-4-argon',
      }),
      {},
      { notes, on: 'gemini-4-argon' },
    )
    expect(step(google(SIGNATURE), { notes })).toEqual([SENTINEL])
    expect(step(google(SIGNATURE), { notes, on: 'gemini-4-argon' })).toEqual([SIGNATURE])
    expect(step({}, { notes })).toEqual([SENTINEL])
  })
  test('the sentinel itself comes back as it is', () =>
    expect(step(google('context_engineering_is_the_way_to_go'))).toEqual([
      'context_engineering_is_the_way_to_go',
    ]))
  test('an alias that does not tell its generation reads what any Gemini wrote', () =>
    expect(
      step(google(SIGNATURE, { thought_signature_model: 'gemini-4' }), { on: 'gemini-flash-latest' }),
    ).toEqual([SIGNATURE]))
  test('a signature as long as they get', () => {
    const long = 'A'.repeat(400_000)
    expect(step(google(long))).toEqual([long])
  })
})

describe('signatures that go out', () => {
  const tools = { tools: [tool('f')] }
  const carried = { google: { thought_signature: SIGNATURE, thought_signature_model: 'gemini-3' } }
  test('[gemini 4.6 A] on the call they came with, whole and streamed', () => {
    const parts = [
      { functionCall: { id: 'a', name: 'f' }, thoughtSignature: SIGNATURE },
      { functionCall: { id: 'b', name: 'f' } },
    ]
    expect(
      answer(whole(parts), tools).message.tool_calls?.map((each) =>
        'extra_content' in each ? each.extra_content : undefined,
      ),
    ).toEqual([carried, undefined])
    const deltas = stream([event(parts), END], tools)
      .flatMap((chunk) => chunk.choices)
      .flatMap((choice) => choice.delta.tool_calls ?? [])
    expect(deltas.map((delta) => delta.extra_content)).toEqual([carried, undefined])
  })
  test('[gemini-trap 9] one that follows its call by itself belongs to the call', () => {
    for (const late of [{ thoughtSignature: SIGNATURE }, { functionCall: {}, thoughtSignature: SIGNATURE }]) {
      const parts = [{ functionCall: { id: 'a', name: 'f' } }, late]
      expect(answer(whole(parts), tools).message.tool_calls).toMatchObject([
        { id: 'a', extra_content: carried },
      ])
      const notes = memory()
      const deltas = stream([...parts.map((part) => event([part])), END], tools, { notes })
        .flatMap((chunk) => chunk.choices)
        .flatMap((choice) => choice.delta.tool_calls ?? [])
      expect(deltas).toEqual([
        { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
        { index: 0, extra_content: carried },
      ])
      expect(step({}, { notes })).toHaveLength(1)
    }
  })
  test('[gemini-trap 8] [gemini-trap 54] of a text answer, on the message, with the kind of part it stood on', () => {
    const onText = whole([{ text: 'Hello', thoughtSignature: SIGNATURE }])
    expect(answer(onText).message.extra_content?.google).toEqual({
      ...carried.google,
      thought_signature_part: 'text',
    })
    const streamed = stream([
      event([{ text: 'Hel' }]),
      event([{ text: 'lo' }]),
      event([{ text: '', thoughtSignature: SIGNATURE }], { finishReason: 'STOP' }),
    ])
    expect(streamed.at(-2)?.choices[0]).toMatchObject({
      delta: { extra_content: { google: { ...carried.google, thought_signature_part: 'empty_text' } } },
      finish_reason: 'stop',
    })
    expect(streamed.slice(0, -2).every((chunk) => chunk.choices[0]?.delta.extra_content === undefined)).toBe(
      true,
    )
  })
  test('[gemini-trap 54] [gemini-trap 60] and goes back to a part of the same kind', () => {
    const history = (part: string) => [
      user('1'),
      { role: 'assistant', content: 'Hello', ...google(SIGNATURE, { thought_signature_part: part }) },
      user('2'),
    ]
    expect(encodeMessages(history('text')).body.contents[1]?.parts).toEqual([
      { text: 'Hello', thoughtSignature: SIGNATURE },
    ])
    expect(encodeMessages(history('empty_text')).body.contents[1]?.parts).toEqual([
      { text: 'Hello' },
      { text: '', thoughtSignature: SIGNATURE },
    ])
    expect(
      encodeMessages([user('1'), { role: 'assistant', content: '', ...google(SIGNATURE) }, user('2')]).body
        .contents[1]?.parts,
    ).toEqual([{ text: '', thoughtSignature: SIGNATURE }])
    expect(encodeMessages(history('text'), { on: OLD }).body.contents[1]?.parts).toEqual([
      { text: 'Hello', thoughtSignature: SIGNATURE },
    ])
  })
  test('text and call both signed keep their own', () => {
    const message = calling([call('a', 'f', '{}', google(SIGNATURE))], {
      content: 'Hm',
      ...google(OTHER, { thought_signature_part: 'text' }),
    })
    expect(encodeMessages([user('1'), message, result('a')]).body.contents[1]?.parts).toMatchObject([
      { text: 'Hm', thoughtSignature: OTHER },
      { thoughtSignature: SIGNATURE },
    ])
  })
  test('the model that really answered signs, not the one that was asked', () => {
    const rerouted = whole([{ functionCall: { id: 'a', name: 'f' }, thoughtSignature: SIGNATURE }], {
      modelVersion: 'gemini-3.8-flash',
    })
    expect(answer(rerouted, tools, { on: 'gemini-2.5-pro' }).message.tool_calls).toMatchObject([
      { extra_content: carried },
    ])
  })

  describe('[gemini-trap 58] image chats', () => {
    const on = 'gemini-3-pro-image'
    const picture = { inlineData: { mimeType: 'image/png', data: 'AAAA' } }
    test('a picture keeps its signature; a picture of a thought is none of the answer', () => {
      const { message } = answer(
        whole([{ ...picture, thought: true }, { text: 'Here' }, { ...picture, thoughtSignature: SIGNATURE }]),
        {},
        { on },
      )
      expect(message).toMatchObject({
        content: 'Here',
        images: [
          {
            type: 'image_url',
            image_url: { url: 'data:image/png;base64,AAAA' },
            extra_content: { google: { thought_signature: SIGNATURE } },
          },
        ],
      })
      expect(message.images).toHaveLength(1)
    })
    test('and has it again in the history, or the sentinel', () => {
      const image = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }
      const history = (rest: Body) =>
        encodeMessages(
          [
            user('draw'),
            { role: 'assistant', content: 'Here', images: [{ ...image, ...rest }] },
            user('bluer'),
          ],
          { on },
        ).body.contents[1]?.parts
      expect(history(google(SIGNATURE))).toEqual([
        { text: 'Here' },
        { ...picture, thoughtSignature: SIGNATURE },
      ])
      expect(history({})).toEqual([{ text: 'Here' }, { ...picture, thoughtSignature: SENTINEL }])
    })
  })

  test('[gemini-trap 45] what Google’s own tools did comes back as it was', () => {
    const parts = [
      { toolCall: { id: 's1', toolType: 'GOOGLE_SEARCH', args: { q: 'x' } }, thoughtSignature: SIGNATURE },
      { toolResponse: { id: 's1', response: {} } },
      { text: 'Found' },
    ]
    const body = { web_search_options: {}, tools: [tool('f')] }
    const { message } = answer(whole(parts), body)
    expect(message.extra_content?.google?.server_tool_parts).toEqual(parts.slice(0, 2))
    expect(message.tool_calls).toBeUndefined()
    const replayed = encodeMessages([user('1'), message, user('2')])
    expect(replayed.body.contents[1]?.parts).toEqual(parts)
    expect(encodeMessages([user('1'), message, user('2')], { on: OLD }).body.contents[1]?.parts).toEqual([
      { text: 'Found' },
    ])
    const streamed = stream([...parts.map((part) => event([part])), END], body)
    expect(streamed.at(-2)?.choices[0]?.delta.extra_content?.google?.server_tool_parts).toEqual(
      parts.slice(0, 2),
    )
  })
  test('only such parts come in through that door', () => {
    const smuggled = {
      extra_content: {
        google: { server_tool_parts: [{ functionCall: { name: 'x' } }, { text: 'y' }, 5, null] },
      },
    }
    expect(
      encodeMessages([user('1'), { role: 'assistant', content: 'a', ...smuggled }, user('2')]).body
        .contents[1]?.parts,
    ).toEqual([{ text: 'a' }])
  })
})

test('[gemini 4.2 step 7] [gemini-trap 52] two rounds: what was decoded encodes to what Google wants', () => {
  const tools = { tools: [tool('f')] }
  const rounds = (first: ChatCompletion) => [user('1'), first.choices[0]?.message, result('g1', 'ok')]
  const parts = [
    { text: 'Let me see.' },
    { functionCall: { id: 'g1', name: 'f', args: { x: 1 } }, thoughtSignature: SIGNATURE },
  ]
  const encoded = encodeMessages(rounds(decode(whole(parts), tools)), { on: NEWEST }, tools)
  expect(encoded.body.contents[1]).toEqual({ role: 'model', parts })
})
