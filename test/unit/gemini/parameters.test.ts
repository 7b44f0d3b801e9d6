import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../src/errors.ts'
import type { Body } from './support.ts'
import { encode, refused, NEWEST, OLD, stream, END, tool, user } from './support.ts'
import { modelRows } from '../../../src/catalog/models.generated.ts'

const card = modelRows().find((row) => row.id === NEWEST)

describe('parameters of a chat request', () => {
  test('[gemini 4.1 model] is the path, with or without models/', () => {
    expect(encode().path).toBe('/v1beta/models/gemini-3.8-flash:generateContent')
    expect(encode({}, { on: 'models/gemini-2.5-pro' }).path).toBe(
      '/v1beta/models/gemini-2.5-pro:generateContent',
    )
    expect(encode({}, { on: 'tunedModels/mine-1' }).path).toBe('/v1beta/tunedModels/mine-1:generateContent')
    expect(JSON.stringify(encode().body)).not.toContain('public-name')
  })
  test.each(['../x', 'a?b', 'a&b', 'a/b/c', '', '..', 'x y', 'gemini:y', 'models/..', 'é'])(
    '[gemini 4.1 model] an id that reaches out of its path segment is refused: %j',
    (on) => expect(refused({}, { on })).toEqual({ code: 'model_not_found', param: 'model' }),
  )

  const generation = (body: Body, on = NEWEST) => encode(body, { on }).body.generationConfig
  test.each<[string, Body, Body]>([
    ['max_completion_tokens', { max_completion_tokens: 2000 }, { maxOutputTokens: 2000 }],
    ['max_tokens', { max_tokens: 2000 }, { maxOutputTokens: 2000 }],
    [
      'max_completion_tokens ?? max_tokens',
      { max_completion_tokens: 3000, max_tokens: 2000 },
      { maxOutputTokens: 3000 },
    ],
    ['temperature', { temperature: 0.5 }, { temperature: 0.5 }],
    ['temperature', { temperature: 0 }, { temperature: 0 }],
    ['top_p', { top_p: 0.9 }, { topP: 0.9 }],
    ['top_k', { top_k: 40 }, { topK: 40 }],
    ['stop', { stop: 'END' }, { stopSequences: ['END'] }],
    ['stop', { stop: ['a', '', 'b'] }, { stopSequences: ['a', 'b'] }],
    ['seed', { seed: 7 }, { seed: 7 }],
    ['seed', { seed: 2 ** 40 + 3 }, { seed: 3 }],
  ])('[gemini 4.1 %s] %j', (_row, body, expected) => expect(generation(body)).toEqual(expected))

  test('[gemini-trap 103] a stop string is wrapped in an array', () =>
    expect(generation({ stop: '\n' })).toEqual({ stopSequences: ['\n'] }))
  test.each([
    { stop: [] },
    { stop: '' },
    { stop: null },
    { temperature: null },
    { presence_penalty: 0 },
    { n: 1 },
    { seed: null },
    { logit_bias: {} },
    { logprobs: false },
  ])('what asks for nothing sends nothing: %j', (body) =>
    expect(encode(body).body.generationConfig).toBeUndefined(),
  )
  test('[gemini 4.1 max_tokens] is clamped to what the model can answer, and says so', () => {
    const { body, adapted } = encode({ max_tokens: 1_000_000 }, { card })
    expect(body.generationConfig).toEqual({ maxOutputTokens: card?.maxOutputTokens })
    expect(adapted).toEqual(['max_tokens=clamped'])
    expect(refused({ max_tokens: 1_000_000 }, { card, strict: true })).toEqual({
      code: 'unsupported_value',
      param: 'max_tokens',
    })
  })
  test('[gemini 4.1 temperature] is clamped, and says so', () => {
    expect(encode({ temperature: 3 })).toMatchObject({
      body: { generationConfig: { temperature: 2 } },
      adapted: ['temperature=clamped'],
    })
    expect(refused({ temperature: 3 }, { strict: true })).toEqual({
      code: 'unsupported_value',
      param: 'temperature',
    })
  })

  test('[gemini 4.1 presence_penalty, frequency_penalty] [gemini-trap 105] are dropped and listed where the model refuses them', () => {
    const { body, adapted } = encode({ presence_penalty: 1, frequency_penalty: -1 }, { on: OLD })
    expect(body.generationConfig).toBeUndefined()
    expect(adapted).toEqual(['presence_penalty=dropped', 'frequency_penalty=dropped'])
    expect(
      refused(
        { presence_penalty: 1 },
        {
          on: OLD,
          strict: true,
        },
      ),
    ).toEqual({ code: 'unsupported_parameter', param: 'presence_penalty' })
    expect(generation({ presence_penalty: 1, frequency_penalty: 2 }, 'gemini-2.0-flash')).toEqual({
      presencePenalty: 1,
      frequencyPenalty: 1.999,
    })
  })

  test('[gemini 4.1 stream] chooses the method, with server-sent events [gemini-trap 17]', () => {
    expect(encode({ stream: true }).path).toBe(
      '/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse',
    )
    expect(encode({ stream: false }).path).toContain(':generateContent')
    expect(encode({ stream: null }).path).toContain(':generateContent')
  })
  test('[gemini 4.1 stream_options.include_usage] puts the key on every chunk, and the chunk always comes', () => {
    const events = [
      {
        candidates: [{ content: { parts: [{ text: 'a' }] } }],
        usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 },
      },
      END,
    ]
    const asked = stream(events, { stream_options: { include_usage: true } })
    expect(asked.map((chunk) => 'usage' in chunk)).toEqual([true, true, true, true])
    expect(asked.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    const unasked = stream(events)
    expect(unasked.map((chunk) => 'usage' in chunk)).toEqual([false, false, false, true])
    expect(unasked.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 1 } })
    expect(encode({ stream: true, stream_options: { include_usage: true } }).adapted).toEqual([])
    expect(encode({ stream: true, stream_options: { include_obfuscation: true } }).adapted).toEqual([
      'stream_options.include_obfuscation=dropped',
    ])
  })

  test.each<[string, Body]>([
    ['user', { user: 'u' }],
    ['safety_identifier', { safety_identifier: 's' }],
    ['metadata', { metadata: { a: 'b' } }],
    ['prompt_cache_key', { prompt_cache_key: 'k' }],
    ['store', { store: true }],
    ['prediction', { prediction: { type: 'content', content: 'x' } }],
    ['verbosity', { verbosity: 'low' }],
    ['moderation', { moderation: { model: 'm' } }],
    ['service_tier', { service_tier: 'scale' }],
    ['service_tier', { service_tier: 'tomorrow' }],
    ['unknown', { tomorrows_field: 1 }],
  ])('[gemini 4.1 %s] a hint is left out and listed, or in strict mode refused: %j', (_row, body) => {
    const [name = ''] = Object.keys(body)
    const encoded = encode(body)
    expect(encoded.body).toEqual(encode().body)
    expect(encoded.adapted).toEqual([`${name}=dropped`])
    expect(refused(body, { strict: true })).toEqual({ code: 'unsupported_parameter', param: name })
  })
  test.each<[Body, string, string]>([
    [{ tools: [{ ...tool('f'), cache_control: {} }] }, 'tools.cache_control', 'tools[0].cache_control'],
    [{ tools: [tool('f', { examples: [] })] }, 'tools.function.examples', 'tools[0].function.examples'],
    [{ functions: [{ name: 'f', examples: [] }] }, 'functions.examples', 'functions[0].examples'],
    [{ reasoning: { max_tokens: 5 } }, 'reasoning.max_tokens', 'reasoning.max_tokens'],
    [{ extra_body: { other: 1 } }, 'extra_body.other', 'extra_body.other'],
    [{ messages: [{ role: 'user', content: 'x', weight: 1 }] }, 'messages.weight', 'messages[0].weight'],
    [
      { messages: [user([{ type: 'text', text: 'x', prompt_cache_breakpoint: { mode: 'explicit' } }])] },
      'content.prompt_cache_breakpoint',
      'messages[0].content[0].prompt_cache_breakpoint',
    ],
  ])('[gemini 4.1 unknown] inside of something as well: %j', (body, parameter, param) => {
    const { body: sent, adapted } = encode(body)
    expect(adapted).toEqual([`${parameter}=dropped`])
    expect(JSON.stringify(sent)).not.toContain(parameter.split('.').at(-1))
    expect(refused(body, { strict: true })).toEqual({ code: 'unsupported_parameter', param })
  })
  test('[gemini 4.1 unknown] a name that would break a header is not repeated in one', () =>
    expect(encode({ 'x\r\nset-cookie: a=b': 1, toString: 1 }).adapted).toEqual([
      'unknown=dropped',
      'toString=dropped',
    ]))
  test('[gemini 4.1 store] false asks for what happens anyway', () => {
    expect(encode({ store: false }, { strict: true }).adapted).toEqual([])
  })

  test.each<[string, Body, ErrorCode, string]>([
    ['n', { n: 2 }, 'unsupported_value', 'n'],
    ['logprobs', { logprobs: true }, 'unsupported_parameter', 'logprobs'],
    ['top_logprobs', { top_logprobs: 3 }, 'unsupported_parameter', 'top_logprobs'],
    ['logit_bias', { logit_bias: { '50256': -100 } }, 'unsupported_parameter', 'logit_bias'],
    [
      'tools custom',
      { tools: [{ type: 'custom', custom: { name: 'sql' } }] },
      'unsupported_value',
      'tools[0].type',
    ],
    [
      'modalities audio',
      { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } },
      'unsupported_value',
      'modalities',
    ],
    ['modalities image', { modalities: ['image', 'text'] }, 'unsupported_value', 'modalities'],
    ['audio', { audio: { voice: 'alloy', format: 'wav' } }, 'unsupported_parameter', 'audio'],
    [
      'response_format',
      { response_format: { type: 'grammar' } },
      'unsupported_value',
      'response_format.type',
    ],
    ['max_tokens', { max_tokens: 0 }, 'invalid_value', 'max_tokens'],
    ['max_completion_tokens', { max_completion_tokens: -1 }, 'invalid_value', 'max_completion_tokens'],
    ['top_p', { top_p: 1.5 }, 'invalid_value', 'top_p'],
    ['stop', { stop: ['1', '2', '3', '4', '5', '6'] }, 'too_many_items', 'stop'],
    ['seed', { seed: 1.5 }, 'invalid_type', 'seed'],
  ])(
    '[gemini 4.1 %s] what would change the answer is refused in both modes: %j',
    (_row, body, code, param) => {
      expect(refused(body)).toEqual({ code, param })
      expect(refused(body, { strict: true })).toEqual({ code, param })
    },
  )
  test('[gemini-trap 104] n: 1, as LangChain sends it, asks for no candidateCount', () =>
    expect(encode({ n: 1 }).body.generationConfig).toBeUndefined())
  test('[gemini-trap 106] log probabilities are refused before Google does', () =>
    expect(refused({ logprobs: true, top_logprobs: 2 })).toEqual({
      code: 'unsupported_parameter',
      param: 'logprobs',
    }))

  test('[gemini 4.1 service_tier] [gemini-trap 80] auto and default are left out, flex and priority pass', () => {
    expect(encode({ service_tier: 'auto' })).toEqual(encode())
    expect(encode({ service_tier: 'default' }).body).toEqual(encode().body)
    expect(encode({ service_tier: 'flex' }).body.serviceTier).toBe('flex')
    expect(encode({ service_tier: 'priority' }).body.serviceTier).toBe('priority')
  })

  describe('[gemini 4.1 parallel_tool_calls]', () => {
    const body = { parallel_tool_calls: false, tools: [tool('f')] }
    test('[gemini-trap 50] is not forwarded; the first call is kept, and that is listed', () => {
      const encoded = encode(body)
      expect(JSON.stringify(encoded.body)).not.toMatch(/parallel/i)
      expect(encoded.adapted).toEqual(['parallel_tool_calls=first_call_kept'])
      const events = [
        {
          candidates: [
            { content: { parts: [{ functionCall: { name: 'f' } }, { functionCall: { name: 'f' } }] } },
          ],
        },
        END,
      ]
      expect(
        stream(events, body)
          .flatMap((chunk) => chunk.choices)
          .flatMap((choice) => choice.delta.tool_calls ?? []),
      ).toHaveLength(1)
    })
    test('true asks for what happens anyway', () =>
      expect(encode({ ...body, parallel_tool_calls: true }).adapted).toEqual([]))
  })

  describe('[gemini 4.1 web_search_options]', () => {
    test('becomes Google Search; what has no place there is listed', () => {
      const { body, adapted } = encode({
        web_search_options: { search_context_size: 'high', user_location: { type: 'approximate' } },
      })
      expect(body.tools).toEqual([{ googleSearch: {} }])
      expect(body.toolConfig).toBeUndefined()
      expect(adapted).toEqual([
        'web_search_options.search_context_size=dropped',
        'web_search_options.user_location=dropped',
      ])
    })
    test('[gemini-trap 43] [gemini-trap 44] beside functions: both from generation 3 on, refused before', () => {
      const { body } = encode({ web_search_options: {}, tools: [tool('f')] })
      expect(body.tools).toEqual([
        { functionDeclarations: [{ name: 'f', description: 'f' }] },
        { googleSearch: {} },
      ])
      expect(body.toolConfig).toEqual({
        functionCallingConfig: { mode: 'VALIDATED' },
        includeServerSideToolInvocations: true,
      })
      expect(refused({ web_search_options: {}, tools: [tool('f')] }, { on: OLD })).toEqual({
        code: 'unsupported_parameter',
        param: 'web_search_options',
      })
    })
    test('[gemini-trap 42] tool_choice none switches it off as well, which NONE would not', () => {
      const { body, adapted } = encode({ web_search_options: {}, tools: [tool('f')], tool_choice: 'none' })
      expect(body.tools).toEqual([{ functionDeclarations: [{ name: 'f', description: 'f' }] }])
      expect(adapted).toEqual(['web_search_options=dropped'])
    })
  })

  describe('[gemini 4.1 modalities]', () => {
    const audio = { modalities: ['text', 'audio'], audio: { voice: 'nova', format: 'pcm16' } }
    test('[gemini 4.1 modalities audio] on a model that speaks', () => {
      const { generationConfig } = encode(audio, { on: 'gemini-2.5-flash-preview-tts' }).body
      expect(generationConfig).toEqual({
        responseModalities: ['AUDIO'],
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Kore' } } },
      })
      const newer = encode(
        { ...audio, audio: { voice: { id: 'Puck' }, format: 'wav' } },
        { on: 'gemini-3.8-flash-tts' },
      ).body.generationConfig
      expect(newer).toMatchObject({
        responseFormat: { audio: { mimeType: 'AUDIO_WAV' } },
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: 'Puck' } } },
      })
    })
    test('a container that the model cannot give is refused, never mislabelled', () => {
      expect(
        refused({ ...audio, audio: { voice: 'nova', format: 'mp3' } }, { on: 'gemini-3.8-flash-tts' }),
      ).toEqual({ code: 'unsupported_value', param: 'audio.format' })
      expect(
        refused({ ...audio, audio: { voice: 'nova', format: 'wav' } }, { on: 'gemini-2.5-pro-preview-tts' }),
      ).toEqual({ code: 'unsupported_value', param: 'audio.format' })
    })
    test('[gemini 4.1 modalities image] on a model that draws', () => {
      expect(
        encode({ modalities: ['image', 'text'] }, { on: 'gemini-3.1-flash-image' }).body.generationConfig,
      ).toEqual({ responseModalities: ['TEXT', 'IMAGE'] })
      expect(encode({ modalities: ['image'] }, { on: 'gemini-3-pro-image' }).body.generationConfig).toEqual({
        responseModalities: ['IMAGE'],
      })
    })
    test('text alone asks for what happens anyway', () =>
      expect(encode({ modalities: ['text'] }, { strict: true }).body.generationConfig).toBeUndefined())
  })

  describe('[gemini 4.1 extra_body.google]', () => {
    const google = {
      thinking_config: { thinking_level: 'low', include_thoughts: true },
      safety_settings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' }],
      media_resolution: 'MEDIA_RESOLUTION_LOW',
      image_config: { aspect_ratio: '16:9' },
      retrieval_config: { lat_lng: { latitude: 1, longitude: 2 }, language_code: 'de' },
    }
    test.each([{ google }, { extra_body: { google } }])(
      'passes what is known, in Google’s spelling',
      (body) => {
        const encoded = encode(body)
        expect(encoded.adapted).toEqual([])
        expect(encoded.body).toMatchObject({
          generationConfig: {
            thinkingConfig: { thinkingLevel: 'low', includeThoughts: true },
            mediaResolution: 'MEDIA_RESOLUTION_LOW',
            imageConfig: { aspectRatio: '16:9' },
          },
          safetySettings: google.safety_settings,
          toolConfig: { retrievalConfig: { latLng: { latitude: 1, longitude: 2 }, languageCode: 'de' } },
        })
      },
    )
    test('lists what is not known', () => {
      expect(encode({ google: { surprise: 1 } }).adapted).toEqual(['google.surprise=dropped'])
      expect(refused({ extra_body: { google: { surprise: 1 } } }, { strict: true })).toEqual({
        code: 'unsupported_parameter',
        param: 'extra_body.google.surprise',
      })
    })
    test('[gemini-trap 62] [gemini-trap 63] one spelling, and a budget or a level', () => {
      expect(refused({ google: { thinking_config: { thinking_level: 'low', thinking_budget: 5 } } })).toEqual(
        { code: 'invalid_value', param: 'google.thinking_config' },
      )
      expect(JSON.stringify(encode({ google }).body)).not.toContain('thinking_config')
    })
    test('cached content excludes instructions and tools', () => {
      const cached = { google: { cached_content: 'cachedContents/abc' } }
      expect(encode(cached).body.cachedContent).toBe('cachedContents/abc')
      expect(refused({ ...cached, tools: [tool('f')] })).toEqual({
        code: 'invalid_value',
        param: 'google.cached_content',
      })
      expect(refused({ ...cached, messages: [{ role: 'system', content: 's' }, user('u')] })).toEqual({
        code: 'invalid_value',
        param: 'google.cached_content',
      })
      expect(refused({ google: { cached_content: '../x' } })).toEqual({
        code: 'invalid_value',
        param: 'google.cached_content',
      })
    })
  })

  test.each<[Body, ErrorCode, string]>([
    [{ temperature: '0' }, 'invalid_type', 'temperature'],
    [{ top_k: 'x' }, 'invalid_type', 'top_k'],
    [{ max_tokens: '9' }, 'invalid_type', 'max_tokens'],
    [{ n: '1' }, 'invalid_type', 'n'],
    [{ stop: [1] }, 'invalid_type', 'stop[0]'],
    [{ stop: 5 }, 'invalid_type', 'stop'],
    [{ stream: 'yes' }, 'invalid_type', 'stream'],
    [{ stream_options: 1 }, 'invalid_type', 'stream_options'],
    [{ store: 1 }, 'invalid_type', 'store'],
    [{ logit_bias: [] }, 'invalid_type', 'logit_bias'],
    [{ tools: {} }, 'invalid_type', 'tools'],
    [{ tools: [null] }, 'invalid_type', 'tools[0]'],
    [{ tools: [{ type: 'function' }] }, 'missing_required_parameter', 'tools[0].function'],
    [{ tools: [tool('f', { parameters: 'x' })] }, 'invalid_type', 'tools[0].function.parameters'],
    [{ tools: [tool('')] }, 'invalid_value', 'tools[0].function.name'],
    [{ tools: [tool('f', { strict: 1 })] }, 'invalid_type', 'tools[0].function.strict'],
    [{ tools: [tool('f'), tool('f')] }, 'invalid_value', 'tools[1].function.name'],
    [{ functions: [1] }, 'invalid_type', 'functions[0]'],
    [{ functions: [], tools: [] }, 'invalid_value', 'functions'],
    [{ tool_choice: 1 }, 'invalid_type', 'tool_choice'],
    [{ tool_choice: 'maybe' }, 'invalid_value', 'tool_choice'],
    [{ response_format: 'json' }, 'invalid_type', 'response_format'],
    [
      { response_format: { type: 'json_schema' } },
      'missing_required_parameter',
      'response_format.json_schema',
    ],
    [
      { response_format: { type: 'json_schema', json_schema: { schema: 'x' } } },
      'invalid_type',
      'response_format.json_schema.schema',
    ],
    [{ reasoning_effort: 1 }, 'invalid_type', 'reasoning_effort'],
    [{ reasoning: 'high' }, 'invalid_type', 'reasoning'],
    [{ include_reasoning: 'yes' }, 'invalid_type', 'include_reasoning'],
    [{ extra_body: 1 }, 'invalid_type', 'extra_body'],
    [{ reasoning_effort: 'huge' }, 'invalid_value', 'reasoning_effort'],
    [{ modalities: 'text' }, 'invalid_type', 'modalities'],
    [{ service_tier: 1 }, 'invalid_type', 'service_tier'],
    [{ web_search_options: true }, 'invalid_type', 'web_search_options'],
    [{ google: [] }, 'invalid_type', 'google'],
    [{ parallel_tool_calls: 'no' }, 'invalid_type', 'parallel_tool_calls'],
    [{ presence_penalty: 9 }, 'invalid_value', 'presence_penalty'],
  ])('a wrong type is an error that names the field: %j', (body, code, param) =>
    expect(refused(body)).toEqual({ code, param }),
  )
})
