import { describe, expect, test } from 'vitest'
import type { FailureKind } from '../../../src/providers/failure.ts'
import type { Body } from './support.ts'
import {
  answer,
  candidate,
  decode,
  END,
  event,
  failingStream,
  failureKind,
  stream,
  tool,
  whole,
} from './support.ts'

const tools = { tools: [tool('f')] }
const finishes = (chunks: ReturnType<typeof stream>) => chunks.map((chunk) => chunk.choices[0]?.finish_reason)

describe('finish reasons', () => {
  test.each([
    ['STOP', 'stop', undefined],
    ['MAX_TOKENS', 'length', undefined],
    ['CONTINUATION', 'length', 'CONTINUATION'],
    ['SAFETY', 'content_filter', 'SAFETY'],
    ['PROHIBITED_CONTENT', 'content_filter', 'PROHIBITED_CONTENT'],
    ['BLOCKLIST', 'content_filter', 'BLOCKLIST'],
    ['SPII', 'content_filter', 'SPII'],
    ['RECITATION', 'content_filter', 'RECITATION'],
    ['LANGUAGE', 'content_filter', 'LANGUAGE'],
    ['ESCALATION', 'content_filter', 'ESCALATION'],
    ['PUP_LIMITED_DISABLED', 'content_filter', 'PUP_LIMITED_DISABLED'],
    ['IMAGE_SAFETY', 'content_filter', 'IMAGE_SAFETY'],
    ['IMAGE_PROHIBITED_CONTENT', 'content_filter', 'IMAGE_PROHIBITED_CONTENT'],
    ['IMAGE_RECITATION', 'content_filter', 'IMAGE_RECITATION'],
    ['NO_IMAGE', 'stop', 'NO_IMAGE'],
    ['IMAGE_OTHER', 'stop', 'IMAGE_OTHER'],
    ['OTHER', 'stop', 'OTHER'],
    ['FINISH_REASON_UNSPECIFIED', 'stop', undefined],
    ['TOMORROWS_REASON', 'stop', 'TOMORROWS_REASON'],
  ])('[gemini 3.2 %s] [known-bug 32] with text is %s', (reason, finish, native) => {
    expect(answer(whole([{ text: 'x' }], {}, reason))).toMatchObject({
      message: { content: 'x', refusal: null },
      finish_reason: finish,
    })
    expect(answer(whole([{ text: 'x' }], {}, reason)).native_finish_reason).toBe(native)
    const chunks = stream([event([{ text: 'x' }]), event([], { finishReason: reason })])
    expect(finishes(chunks)).toEqual([null, null, finish, undefined])
    expect(chunks[2]?.choices[0]?.native_finish_reason).toBe(native)
  })
  test.each<[string, FailureKind]>([
    ['MALFORMED_FUNCTION_CALL', 'garbled'],
    ['MALFORMED_RESPONSE', 'garbled'],
    ['UNEXPECTED_TOOL_CALL', 'garbled'],
    ['TOO_MANY_TOOL_CALLS', 'garbled'],
    ['MISSING_THOUGHT_SIGNATURE', 'bad_request'],
  ])('[gemini 3.2 %s] [gemini-trap 4] is a failure, not a stop', (reason, kind) => {
    expect(failureKind(() => answer(whole([], {}, reason), tools))).toBe(kind)
    expect(failureKind(() => answer(whole([{ text: 'x' }], {}, reason), tools))).toBe(kind)
    expect(failingStream([event([], { finishReason: reason })], tools)).toEqual({ chunks: [], kind })
    const { chunks, kind: later } = failingStream(
      [event([{ text: 'x' }]), event([], { finishReason: reason })],
      tools,
    )
    expect([finishes(chunks), later]).toEqual([[null, null], kind])
  })
  test.each(['OTHER', 'TOMORROWS_REASON'])('[gemini 3.2 %s] without content is a failure', (reason) => {
    expect(failureKind(() => answer(whole([], {}, reason)))).toBe('empty')
    expect(failingStream([event([], { finishReason: reason })]).kind).toBe('empty')
  })
  test('[gemini-trap 2] [gemini-trap 3] [known-bug 6] nothing but the last chunk has one', () => {
    const chunks = stream(
      [event([{ text: 'a' }]), event([{ functionCall: { name: 'f' } }]), event([{ text: 'b' }]), END],
      tools,
    )
    expect(finishes(chunks)).toEqual([null, null, null, null, 'tool_calls', undefined])
  })
  test('length stays length beside calls', () =>
    expect(answer(whole([{ functionCall: { name: 'f' } }], {}, 'MAX_TOKENS'), tools).finish_reason).toBe(
      'length',
    ))
})

describe('[gemini 3.2 promptFeedback.blockReason] a blocked prompt', () => {
  const blocked = (blockReason: string): Body => ({
    promptFeedback: { blockReason },
    usageMetadata: { promptTokenCount: 6, totalTokenCount: 6 },
  })
  test.each(['SAFETY', 'OTHER', 'BLOCKLIST', 'PROHIBITED_CONTENT', 'IMAGE_SAFETY', 'JAILBREAK'])(
    '[gemini-trap 21] [gemini-trap 76] [known-bug 33] %s is a refusal',
    (reason) => {
      const choice = answer(blocked(reason))
      expect(choice).toMatchObject({
        message: { role: 'assistant', content: null, refusal: expect.stringContaining(reason) },
        finish_reason: 'content_filter',
        native_finish_reason: reason,
      })
      expect(decode(blocked(reason)).usage).toMatchObject({
        prompt_tokens: 6,
        completion_tokens: 0,
        total_tokens: 6,
      })
      const chunks = stream([blocked(reason)])
      expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
        { role: 'assistant', content: '', refusal: null },
        { refusal: choice.message.refusal },
        {},
        undefined,
      ])
      expect(finishes(chunks)).toEqual([null, null, 'content_filter', undefined])
    },
  )
  test('[gemini-trap 21] split over events and repeated, it is one', () => {
    const chunks = stream([{ promptFeedback: { safetyRatings: [] } }, blocked('SAFETY'), blocked('SAFETY')])
    expect(finishes(chunks)).toEqual([null, null, 'content_filter', undefined])
  })
  test.each(['BLOCK_REASON_UNSPECIFIED', 'BLOCKED_REASON_UNSPECIFIED', ''])(
    '[gemini-trap 22] %j is no block',
    (blockReason) => {
      expect(answer({ ...whole([{ text: 'x' }]), promptFeedback: { blockReason } }).finish_reason).toBe(
        'stop',
      )
      expect(failureKind(() => answer({ promptFeedback: { blockReason } }))).toBe('empty')
      expect(finishes(stream([{ promptFeedback: { blockReason } }, event([{ text: 'x' }]), END]))).toEqual([
        null,
        null,
        'stop',
        undefined,
      ])
    },
  )
  test('its own words are the refusal', () =>
    expect(
      answer({ promptFeedback: { blockReason: 'SAFETY', blockReasonMessage: 'Not this.' } }).message.refusal,
    ).toBe('Not this.'))
  test('an answer stopped before its first word is a refusal as well', () => {
    expect(answer(whole([], {}, 'SAFETY'))).toMatchObject({
      message: { content: null, refusal: expect.stringContaining('SAFETY') },
      finish_reason: 'content_filter',
    })
    expect(
      answer({ candidates: [{ finishReason: 'RECITATION', finishMessage: 'Recited.' }] }).message.refusal,
    ).toBe('Recited.')
  })
})

describe('empty and odd answers', () => {
  test.each<[string, unknown]>([
    ['no candidates', {}],
    ['null candidates', { candidates: null }],
    ['empty candidates', { candidates: [] }],
    ['an empty candidate', { candidates: [{}] }],
    ['a null candidate', { candidates: [null] }],
    ['candidates of another type', { candidates: 'x' }],
  ])('[gemini-trap 10] [known-bug 31] a whole answer with %s is empty', (_what, body) =>
    expect(failureKind(() => answer(body))).toBe('empty'),
  )
  test.each([null, 'text', 5, [], true])('a body that is %j is garbled', (body) =>
    expect(failureKind(() => answer(body))).toBe('garbled'),
  )
  test('[gemini-trap 118] an answer in an array is an answer', () =>
    expect(answer([whole([{ text: 'x' }])]).message.content).toBe('x'))
  test.each<[string, Body]>([
    ['no content', { candidates: [{ finishReason: 'STOP' }] }],
    ['empty content', { candidates: [{ content: {}, finishReason: 'STOP' }] }],
    ['null parts', { candidates: [{ content: { parts: null }, finishReason: 'STOP' }] }],
    ['no parts', { candidates: [candidate([], { finishReason: 'STOP' })] }],
    ['an empty text', { candidates: [candidate([{ text: '' }], { finishReason: 'STOP' })] }],
    [
      'odd parts',
      {
        candidates: [
          candidate(
            [null, {}, { text: 5 }, { inlineData: {} }, { functionCall: null }, { functionCall: {} }, 'x'],
            { finishReason: 'STOP' },
          ),
        ],
      },
    ],
    [
      'null ratings [gemini-trap 24]',
      {
        candidates: [candidate([], { finishReason: 'STOP', safetyRatings: null })],
        promptFeedback: null,
        usageMetadata: null,
      },
    ],
  ])('[gemini-trap 11] a stop with %s is "" and stop', (_what, body) => {
    expect(answer(body)).toMatchObject({ message: { content: '', refusal: null }, finish_reason: 'stop' })
    expect(finishes(stream([body]))).toEqual([null, 'stop', undefined])
  })
  test('[gemini-trap 23] [known-bug 34] with tools and no token it may be asked again', () => {
    const body = {
      candidates: [{ finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
    }
    expect(failureKind(() => answer(body, tools))).toBe('empty')
    expect(failingStream([body], tools)).toEqual({ chunks: [], kind: 'empty' })
    expect(answer({ ...body, usageMetadata: { candidatesTokenCount: 1 } }, tools).message.content).toBe('')
  })
  test('[known-bug 36] only thoughts is an empty answer, with the tokens they took', () => {
    const body = whole([{ text: 'hm', thought: true }], {
      usageMetadata: { promptTokenCount: 1, thoughtsTokenCount: 9, totalTokenCount: 10 },
    })
    expect(answer(body)).toMatchObject({ message: { content: '' }, finish_reason: 'stop' })
    expect(decode(body).usage?.completion_tokens_details?.['reasoning_tokens']).toBe(9)
  })
  test('[gemini 4.9 unspecified reason] is left out by proto3-JSON: text without one has ended', () => {
    const body = { candidates: [candidate([{ text: 'x' }])] }
    expect(answer(body)).toMatchObject({ message: { content: 'x' }, finish_reason: 'stop' })
  })
  test('[gemini-trap 10] events of a stream that say nothing are passed over', () => {
    const chunks = stream([
      {},
      { candidates: [] },
      { candidates: [{}] },
      { candidates: null },
      { usageMetadata: {} },
      event([{ text: 'x' }]),
      { candidates: [{}] },
      END,
    ])
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content)).toEqual(['', 'x', undefined, undefined])
  })
  test('other candidates than the first are not asked for', () => {
    const two = {
      candidates: [
        candidate([{ text: 'a' }], { finishReason: 'STOP' }),
        candidate([{ text: 'b' }], { index: 1, finishReason: 'STOP' }),
      ],
    }
    expect(decode(two).choices).toHaveLength(1)
  })
})

describe('a whole answer', () => {
  test('[gemini 4.9 id, created, model] and the envelope', () => {
    const { choices: _, ...rest } = decode(
      whole([{ text: 'x' }], {
        usageMetadata: {
          promptTokenCount: 2,
          candidatesTokenCount: 1,
          totalTokenCount: 3,
          serviceTier: 'standard',
        },
      }),
    )
    expect(rest).toEqual({
      id: 'chatcmpl-resp',
      object: 'chat.completion',
      created: 1_790_000_000,
      model: 'public-name',
      usage: expect.anything(),
      service_tier: 'default',
      system_fingerprint: null,
      model_version: 'gemini-3.8-flash',
    })
    expect(decode({ candidates: [candidate([{ text: 'x' }])] }).id).toMatch(/^chatcmpl-[0-9A-Za-z]{24}$/)
  })
  test('[gemini 4.9 content] all texts that are no thoughts; null beside calls alone', () => {
    expect(answer(whole([{ text: 'a' }, { text: 't', thought: true }, { text: 'b' }])).message.content).toBe(
      'ab',
    )
    expect(answer(whole([{ functionCall: { name: 'f' } }]), tools).message.content).toBeNull()
    expect(answer(whole([{ text: 'a' }, { functionCall: { name: 'f' } }]), tools).message.content).toBe('a')
  })
  test('[gemini 4.9 message.images] [gemini-trap 102]', () => {
    const { message } = answer(
      whole([{ text: 'See' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }]),
    )
    expect(message).toMatchObject({
      content: 'See',
      images: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }],
    })
    const chunks = stream([
      event([{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }]),
      event([{ inlineData: { mimeType: 'image/webp', data: 'BBBB' } }]),
      END,
    ])
    expect(chunks.flatMap((chunk) => chunk.choices).flatMap((choice) => choice.delta.images ?? [])).toEqual([
      { index: 0, type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { index: 1, type: 'image_url', image_url: { url: 'data:image/webp;base64,BBBB' } },
    ])
  })
  test('[gemini 4.9 message.audio] pieces of sound, put together', () => {
    const on = { on: 'gemini-3.8-flash-tts' }
    const sound = (data: string) => ({ inlineData: { mimeType: 'audio/L16;rate=24000', data } })
    const { message } = answer(whole([sound('AAAA'), sound('BBBB')]), {}, on)
    expect(message).toMatchObject({
      content: null,
      audio: {
        id: expect.stringMatching(/^audio_/),
        data: 'AAAABBBB',
        transcript: '',
        expires_at: 1_790_000_000,
      },
    })
    expect(answer(whole([sound('AA=='), sound('AQ==')]), {}, on).message.audio?.data).toBe('AAE=')
    const deltas = stream([event([sound('AAAA')]), event([sound('BBBB')]), END], {}, on)
      .flatMap((chunk) => chunk.choices)
      .flatMap((choice) => choice.delta.audio ?? [])
    expect(deltas).toEqual([
      { id: expect.stringMatching(/^audio_/), data: 'AAAA', transcript: '', expires_at: 1_790_000_000 },
      { data: 'BBBB' },
    ])
  })
  test('[gemini 4.9 executableCode] [gemini-trap 47] is content, never a call of the client’s', () => {
    const { message } = answer(
      whole([
        { text: 'Run' },
        { executableCode: { language: 'PYTHON', code: 'print(1)' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK', output: '1' } },
        { codeExecutionResult: { outcome: 'OUTCOME_OK' } },
      ]),
    )
    expect(message.content).toBe('Run\n```python\nprint(1)\n```\n\n```\n1\n```\n')
    expect(message.tool_calls).toBeUndefined()
  })
  test('[gemini 4.9 logprobs] are null', () => expect(answer(whole([{ text: 'x' }])).logprobs).toBeNull())
  test('[gemini 3.7] an answer to be continued says how', () => {
    const body = {
      candidates: [candidate([{ text: 'x' }], { finishReason: 'CONTINUATION', continuationToken: 'tok' })],
    }
    expect(answer(body)).toMatchObject({
      finish_reason: 'length',
      message: { extra_content: { google: { continuation_token: 'tok' } } },
    })
  })
})

describe('grounding', () => {
  const chunks = [
    { web: { uri: 'https://a.example', title: 'a.example' } },
    { web: { uri: 'https://b.example' } },
    { web: {} },
    null,
  ]
  const grounded = (supports: unknown, rest: Body = {}) => ({
    groundingMetadata: {
      groundingChunks: chunks,
      groundingSupports: supports,
      webSearchQueries: ['q1', 'q2'],
      searchEntryPoint: { renderedContent: '<div>' },
      ...rest,
    },
  })
  const spans = (text: readonly unknown[], supports: unknown) =>
    answer({
      candidates: [candidate(text, { finishReason: 'STOP', ...grounded(supports) })],
    }).message.annotations?.map(({ url_citation: { url, start_index, end_index } }) => [
      url,
      start_index,
      end_index,
    ])

  test('[gemini 3.4] one citation per support and source, in order', () => {
    const { message } = answer({
      candidates: [
        candidate([{ text: 'Hello world' }], {
          finishReason: 'STOP',
          ...grounded([
            { segment: { startIndex: 6, endIndex: 11 }, groundingChunkIndices: [0, 1, 2, 3, 99] },
          ]),
        }),
      ],
    })
    expect(message.annotations).toEqual([
      {
        type: 'url_citation',
        url_citation: { url: 'https://a.example', title: 'a.example', start_index: 6, end_index: 11 },
      },
      {
        type: 'url_citation',
        url_citation: { url: 'https://b.example', title: '', start_index: 6, end_index: 11 },
      },
    ])
    expect(message.extra_content?.google).toEqual({
      web_search_queries: ['q1', 'q2'],
      search_entry_point: '<div>',
    })
  })
  test('[gemini-trap 109] offsets are bytes of a part; zero is left out; a missing segment means all', () => {
    const text = 'Grüße 🌍 an alle'
    const bytes = (of: string) => new TextEncoder().encode(of).length
    expect(
      spans([{ text }], [{ segment: { endIndex: bytes('Grüße') }, groundingChunkIndices: [0] }]),
    ).toEqual([['https://a.example', 0, 5]])
    expect(
      spans(
        [{ text }],
        [
          {
            segment: { startIndex: bytes('Grüße 🌍 '), endIndex: bytes('Grüße 🌍 an') },
            groundingChunkIndices: [0],
          },
        ],
      ),
    ).toEqual([['https://a.example', 9, 11]])
    expect(spans([{ text }], [{ groundingChunkIndices: [1] }])).toEqual([
      ['https://b.example', 0, text.length],
    ])
    expect(
      spans(
        [{ text: 'Ä' }, { text: 'thinking', thought: true }, { text: 'bcd' }],
        [{ segment: { partIndex: 2, startIndex: 1, endIndex: 2 }, groundingChunkIndices: [0] }],
      ),
    ).toEqual([['https://a.example', 2, 3]])
  })
  test('sources without supports are cited for the whole', () =>
    expect(spans([{ text: 'abc' }], undefined)).toEqual([
      ['https://a.example', 0, 3],
      ['https://b.example', 0, 3],
    ]))
  test('[gemini-trap 110] maps and files are sources; an address may be missing', () => {
    const body = {
      candidates: [
        candidate([{ text: 'abc' }], {
          finishReason: 'STOP',
          groundingMetadata: {
            groundingChunks: [
              { maps: { uri: 'https://m.example', title: 'M' } },
              { retrievedContext: { title: 'T' } },
            ],
            groundingSupports: null,
          },
        }),
      ],
    }
    expect(answer(body).message.annotations?.map((each) => each.url_citation.url)).toEqual([
      'https://m.example',
    ])
  })
  test('[gemini-trap 20] in streams: before, with or after the end, repeated, once on the last chunk', () => {
    const support = [{ segment: { startIndex: 4, endIndex: 9 }, groundingChunkIndices: [0] }]
    const texts = [event([{ text: 'Héllo' }]), event([{ text: ' wörld' }])]
    const metadata = grounded(support)
    const orders = [
      [{ candidates: [metadata] }, ...texts, END],
      [...texts, event([], { finishReason: 'STOP', ...metadata })],
      [...texts, END, { candidates: [metadata] }],
      [
        { candidates: [{ groundingMetadata: { groundingChunks: chunks } }] },
        ...texts,
        { candidates: [metadata] },
        { candidates: [{ groundingMetadata: { groundingSupports: [], webSearchQueries: [] } }] },
        END,
      ],
    ]
    for (const events of orders) {
      const given = stream(events).map((chunk) => chunk.choices[0]?.delta.annotations)
      expect(given.filter((each) => each !== undefined)).toHaveLength(1)
      expect(given.at(-2)).toEqual([
        {
          type: 'url_citation',
          url_citation: { url: 'https://a.example', title: 'a.example', start_index: 3, end_index: 8 },
        },
      ])
    }
  })
  test('what Google bills is counted', () =>
    expect(
      decode({ candidates: [candidate([{ text: 'x' }], { finishReason: 'STOP', ...grounded([]) })] }).usage
        ?.server_tool_use,
    ).toEqual({ grounded_prompts: 1, search_queries: 2 }))
})

describe('usage', () => {
  const usage = (usageMetadata: unknown) => decode(whole([{ text: 'x' }], { usageMetadata })).usage
  test('[gemini 3.3 completion_tokens] [gemini-trap 70] [gemini-trap 71] thoughts are output, and stay out of the prompt', () =>
    expect(
      usage({ promptTokenCount: 9, candidatesTokenCount: 29, thoughtsTokenCount: 258, totalTokenCount: 296 }),
    ).toEqual({
      prompt_tokens: 9,
      completion_tokens: 287,
      total_tokens: 296,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 258, audio_tokens: 0 },
    }))
  test('[gemini 3.3 cached_tokens] [gemini-trap 72] [gemini-trap 73] are part of the prompt', () =>
    expect(
      usage({
        promptTokenCount: 11_125,
        cachedContentTokenCount: 7441,
        candidatesTokenCount: 1,
        totalTokenCount: 11_126,
      }),
    ).toMatchObject({ prompt_tokens: 11_125, prompt_tokens_details: { cached_tokens: 7441 } }))
  test('[gemini 3.3 prompt_tokens] [gemini-trap 75] the tools’ results are input', () =>
    expect(
      usage({
        promptTokenCount: 10,
        toolUsePromptTokenCount: 90,
        candidatesTokenCount: 5,
        totalTokenCount: 105,
      }),
    ).toMatchObject({
      prompt_tokens: 100,
      total_tokens: 105,
      prompt_tokens_details: { tool_use_tokens: 90 },
    }))
  test('[gemini 3.3 invariant] [gemini-trap 74] thoughts already among the candidates’ are not added again', () => {
    expect(
      usage({ promptTokenCount: 10, candidatesTokenCount: 50, thoughtsTokenCount: 20, totalTokenCount: 60 }),
    ).toMatchObject({
      completion_tokens: 50,
      total_tokens: 60,
      completion_tokens_details: { reasoning_tokens: 20 },
    })
    expect(
      usage({ promptTokenCount: 10, candidatesTokenCount: 50, thoughtsTokenCount: 20, totalTokenCount: 80 }),
    ).toMatchObject({ completion_tokens: 70 })
  })
  test('[gemini 3.3 total_tokens] is the sum where there is none', () =>
    expect(usage({ promptTokenCount: 3, candidatesTokenCount: 4, thoughtsTokenCount: 5 })).toMatchObject({
      total_tokens: 12,
    }))
  test('[gemini 3.3 audio_tokens, text/image tokens] by modality', () =>
    expect(
      usage({
        promptTokenCount: 100,
        candidatesTokenCount: 50,
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 20 },
          { modality: 'AUDIO', tokenCount: 80 },
          null,
        ],
        cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 7 }],
        candidatesTokensDetails: [
          { modality: 'IMAGE', tokenCount: 30 },
          { modality: 'TEXT', tokenCount: 20 },
        ],
      }),
    ).toMatchObject({
      prompt_tokens_details: { audio_tokens: 80, cached_audio_tokens: 7 },
      completion_tokens_details: { audio_tokens: 0, image_tokens: 30, text_tokens: 20 },
    }))
  test.each([
    undefined,
    null,
    {},
    { promptTokenCount: null },
    { promptTokenCount: -5, totalTokenCount: Number.NaN },
    { promptTokenCount: 'x' },
    { promptTokensDetails: 'x' },
  ])('[gemini-trap 76] %j is zeros, never negative and never NaN', (metadata) =>
    expect(usage(metadata)).toMatchObject({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
  )
  test('counts may come as strings', () =>
    expect(usage({ promptTokenCount: '12', candidatesTokenCount: '3' })).toMatchObject({
      prompt_tokens: 12,
      completion_tokens: 3,
    }))
  test.each([
    ['standard', 'default'],
    ['FLEX', 'flex'],
    ['priority', 'priority'],
    ['odd', undefined],
  ])('[gemini 3.3 service_tier] [gemini-trap 80] %s is %s', (serviceTier, tier) => {
    const metadata = { promptTokenCount: 1, serviceTier }
    expect(decode(whole([{ text: 'x' }], { usageMetadata: metadata })).service_tier).toBe(tier)
    expect(stream([{ ...END, usageMetadata: metadata }]).at(-1)?.service_tier).toBe(tier)
  })
  test('[gemini-trap 77] in streams: cumulative, field by field the last, always given', () => {
    const chunks = stream([
      {
        ...event([{ text: 'a' }]),
        usageMetadata: { promptTokenCount: 5, thoughtsTokenCount: 7, totalTokenCount: 12 },
      },
      {
        ...event([{ text: 'b' }]),
        usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 1, totalTokenCount: 13 },
      },
      END,
      { usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 14 } },
    ])
    expect(chunks.at(-1)?.usage).toMatchObject({
      prompt_tokens: 5,
      completion_tokens: 9,
      total_tokens: 14,
      completion_tokens_details: { reasoning_tokens: 7 },
    })
    expect(stream([event([{ text: 'a' }]), END]).at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 0 },
    })
  })
})
