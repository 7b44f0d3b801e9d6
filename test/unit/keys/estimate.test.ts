import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { card, cards } from '../../../src/catalog/card.ts'
import { cost } from '../../../src/catalog/cost.ts'
import { priceRowOn } from '../../../src/catalog/rates.ts'
import { shapeOf } from '../../../src/keys/worst-case/call-shape.ts'
import { worstCase } from '../../../src/keys/worst-case/estimate.ts'
import { measuresOf } from '../../../src/keys/worst-case/measures.ts'
import type { Call, RawBody } from '../../../src/gateway/types.ts'
import { wavHeader } from '../../../src/lib/wav.ts'
import type { EndpointId } from '../../../src/protocol/index.ts'

const covers = (nanoUsd: number | undefined, picoUsd: bigint | undefined) =>
  picoUsd === undefined || (nanoUsd !== undefined && picoUsd <= BigInt(nanoUsd) * 1_000n)
const DATE = '2026-11-24'
const shape = (request: object) =>
  shapeOf(request, { bytes: Buffer.byteLength(JSON.stringify(request)), endpoint: 'chat', file: false })
const worst = (request: object, model: string, outputCap?: number) =>
  worstCase({ shape: shape(request), cards: [card(model)], date: DATE, outputCap })

describe('the shape of a request', () => {
  test('inline media do not count as text', () => {
    const data = 'A'.repeat(100_000)
    const found = shape({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'hi' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
            { type: 'input_audio', input_audio: { data, format: 'mp3' } },
          ],
        },
      ],
      n: 2,
      max_completion_tokens: 50,
    })
    expect(found).toMatchObject({
      messages: 1,
      images: 1,
      audioBytes: 100_000,
      choices: 2,
      maxOutputTokens: 50,
    })
    expect(found.textBytes).toBeLessThan(300)
  })

  test('text that looks like media in a text part still counts', () => {
    const text = 'x'.repeat(10_000)
    expect(
      shape({ messages: [{ role: 'user', content: [{ type: 'text', text }] }] }).textBytes,
    ).toBeGreaterThan(10_000)
    expect(shape({ messages: [{ role: 'user', content: text, type: 'image_url' }] }).images).toBe(1)
  })

  test('text does not become a medium by calling itself one', () => {
    const text = 'x'.repeat(1_000_000)
    for (const message of [
      { role: 'user', content: text, type: 'image_url' },
      { role: 'user', content: [{ type: 'image_url', text }] },
    ])
      expect(shape({ messages: [message] }).textBytes).toBeGreaterThan(1_000_000)
  })

  test('every prompt of a list is answered, and of `best_of` answers all are billed', () => {
    const choices = (request: object) =>
      shapeOf(request, { bytes: 100, endpoint: 'completions', file: false }).choices
    expect(choices({ prompt: 'a', n: 2, best_of: 5 })).toBe(5)
    expect(choices({ prompt: ['a', 'b', 'c'], n: 2 })).toBe(6)
    expect(choices({ prompt: [[1, 2], [3]] })).toBe(2)
    expect(choices({ prompt: [1, 2, 3] })).toBe(1)
  })

  test('only a limit that the endpoint has counts, and of several the largest', () => {
    const limit = (request: object, endpoint: 'chat' | 'responses') =>
      shapeOf(request, { bytes: 100, endpoint, file: false }).maxOutputTokens
    expect(limit({ max_output_tokens: 1 }, 'chat')).toBeUndefined()
    expect(limit({ max_output_tokens: 1 }, 'responses')).toBe(1)
    expect(limit({ max_completion_tokens: 1, max_tokens: 9 }, 'chat')).toBe(9)
  })

  test('what lies at the provider has no bound but the window, a file neither', () => {
    const boundless = (request: object, file = false) =>
      shapeOf(request, { bytes: 100, endpoint: 'responses', file }).boundless
    for (const request of [{ previous_response_id: 'r' }, { conversation: 'c' }, { prompt: { id: 'p' } }])
      expect(boundless(request)).toBe(true)
    expect([boundless({ input: 'x' }), boundless({ input: 'x' }, true)]).toEqual([false, true])
  })

  test.each([
    ['an item by its id', { type: 'item_reference', id: 'msg_1' }],
    [
      'a file in the output of a call',
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_file', file_id: 'f' }] },
    ],
    [
      'a screenshot',
      {
        type: 'computer_call_output',
        call_id: 'c',
        output: { type: 'computer_screenshot', image_url: 'https://a.b/c' },
      },
    ],
    ['the sound of an earlier answer', { role: 'assistant', audio: { id: 'audio_1' } }],
    ['an item that is not known yet', { type: 'tomorrow_item', content: 'x' }],
    ['a part that is not known yet', { role: 'user', content: [{ type: 'tomorrow_part' }] }],
  ])('%s has no bound but the window', (_, item) => {
    for (const name of ['input', 'messages'])
      expect(shapeOf({ [name]: [item] }, { bytes: 100, endpoint: 'responses', file: false }).boundless).toBe(
        true,
      )
  })

  test('pictures count wherever they are', () => {
    const image = { type: 'input_image', image_url: 'https://a.b/c' }
    const output = {
      type: 'function_call_output',
      call_id: 'c',
      output: [image, { type: 'input_text', text: 't' }],
    }
    const shape = shapeOf(
      { input: [output, { role: 'user', content: [image] }] },
      { bytes: 100, endpoint: 'responses', file: false },
    )
    expect(shape).toMatchObject({ images: 2, boundless: false })
  })

  test('what a search finds is input, and each kind of search has its fee', () => {
    const input = (tools: readonly object[]) => worst({ input: 'x', tools }, 'gpt-4o').inputTokens
    expect(input([])).toBeLessThan(1_000)
    expect(input([{ type: 'web_search' }])).toBe(128_000)
    const plain = worst({ input: 'x', tools: [{ type: 'web_search_preview' }] }, 'gpt-4o').nanoUsd ?? 0
    expect(plain).toBeGreaterThan(10 * 25_000_000) // ten searches at $25 a thousand
  })

  test('a tool that the provider runs at prices of its own has no worst case', () => {
    const priced = (...tools: object[]) => worst({ messages: [], tools }, 'gpt-4o-mini').nanoUsd !== undefined
    expect(priced({ type: 'function' }, { type: 'custom' }, { type: 'web_search' })).toBe(true)
    for (const type of ['image_generation', 'code_interpreter', 'mcp', 'computer_use_preview'])
      expect(priced({ type })).toBe(false)
  })

  test('reads anything without throwing', () => {
    fc.assert(
      fc.property(fc.object(), (request) => {
        expect(shapeOf(request, { bytes: 100, endpoint: 'chat', file: false }).textBytes).toBeLessThanOrEqual(
          100,
        )
      }),
    )
  })
})

describe('the worst case', () => {
  const messages = [{ role: 'user', content: 'Say hello.' }]
  test('takes the output that the caller allows, else the key, else the model', () => {
    expect(worst({ messages, max_tokens: 10 }, 'gpt-4o-mini').outputTokens).toBe(10)
    expect(worst({ messages }, 'gpt-4o-mini', 500).outputTokens).toBe(500)
    expect(worst({ messages, max_tokens: 10_000 }, 'gpt-4o-mini', 500).outputTokens).toBe(500)
    expect(worst({ messages }, 'gpt-4o-mini').outputTokens).toBe(16_384)
  })

  test('prices the dearest candidate, and none at all if one has no price', () => {
    const input = { shape: shape({ messages, max_tokens: 100 }), date: DATE }
    const [mini, big] = [card('gpt-4o-mini'), card('gpt-4o')]
    const price = (...models: Parameters<typeof worstCase>[0]['cards']) =>
      worstCase({ ...input, cards: models }).nanoUsd
    expect(price(mini, big)).toBe(price(big))
    expect(price(mini, undefined)).toBeUndefined()
    expect(price()).toBeUndefined()
  })

  test('no answer within the limits costs more, on any model, however it is billed', () => {
    const priced = cards().filter(({ prices, endpoints }) => prices.length > 0 && endpoints.includes('chat'))
    expect(priced.length).toBeGreaterThan(50)
    const part = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        fc.constantFrom(...priced),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.array(part, { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        (model, text, [a = 0, b = 0, c = 0, d = 0], image) => {
          const request = {
            messages: [
              {
                role: 'user',
                content: [
                  { type: 'text', text },
                  ...(image ? [{ type: 'image_url', image_url: { url: 'https://a.b/c' } }] : []),
                ],
              },
            ],
            max_completion_tokens: 1_000,
          }
          const bound = worstCase({ shape: shape(request), cards: [model], date: DATE })
          const window = model.maxInputTokens ?? model.contextTokens ?? Infinity
          const inputTokens = Math.floor(
            a * Math.min(window, Buffer.byteLength(text) + 16 + (image ? 48_169 : 0)),
          )
          const outputTokens = Math.floor(b * 1_000)
          const usage = {
            inputTokens,
            outputTokens,
            cachedTokens: Math.floor(c * inputTokens),
            cacheWriteTokens: Math.floor((1 - c) * d * inputTokens),
            imageInputTokens: image ? Math.floor(d * inputTokens) : 0,
          }
          expect(covers(bound.nanoUsd, cost({ card: model, usage, date: DATE })?.picoUsd)).toBe(true)
          expect(inputTokens + outputTokens).toBeLessThanOrEqual(bound.tokens)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('the worst case of what is billed by measure', () => {
  const wave = wavHeader(16_000, 32_000 * 60)
  const upload = (head: Uint8Array, byteLength: number) => ({
    filename: 'a',
    head,
    content: { byteLength, [Symbol.iterator]: () => [][Symbol.iterator]() },
  })
  const form = { kind: 'form', contentType: '', form: {} } as unknown as RawBody
  const dollars = (call: object, model: string) => {
    const whole = { raw: form, ...call } as Call<EndpointId>
    const { nanoUsd } = worstCase({
      shape: shapeOf(whole.request, { bytes: 200, endpoint: whole.endpoint, file: false }),
      cards: [card(model)],
      date: DATE,
      measures: measuresOf(whole),
    })
    return nanoUsd === undefined ? undefined : nanoUsd / 1e9
  }
  const heard = (model: string, head: Uint8Array, bytes: number, raw: unknown = form) =>
    dollars({ endpoint: 'transcriptions', raw, request: { model, file: upload(head, bytes) } }, model)

  test('a recording is as long as its header says, or as the thinnest codec makes it', () => {
    const mp3 = new TextEncoder().encode('ID3'.padEnd(64))
    const webm = new TextEncoder().encode('OggS'.padEnd(64))
    // 60 s and a header, begun seconds: 61 × 0.006 ÷ 60; 1,000 s and 2,000 s × 0.0045 ÷ 60
    expect(heard('whisper-1', wave, 32_000 * 60 + 44)).toBe(0.0061)
    expect(heard('gpt-transcribe', mp3, 1_000_000)).toBe(0.075)
    expect(heard('gpt-transcribe', webm, 1_000_000)).toBe(0.15)
  })

  test('a header that lies makes it no shorter than its samples are', () => {
    const liar = wave.slice()
    new DataView(liar.buffer).setUint32(24, 1, true) // one sample a second, and 32,000 bytes of it
    expect(heard('whisper-1', liar, 20_000)).toBe(1)
  })

  test('a file that nobody has read is as long as any may be', () => {
    const raw = { kind: 'unread', contentType: '', stream: new ReadableStream() }
    // 25 MiB at 500 bytes a second: 52,429 s × 0.006 ÷ 60
    expect(heard('whisper-1', new Uint8Array(), 0, raw)).toBe(5.2429)
  })

  test('speech costs what its characters do, code points and not units', () => {
    const spoken = (model: string) =>
      dollars({ endpoint: 'speech', request: { model, input: '👋'.repeat(1_234) } }, model)
    expect([spoken('tts-1'), spoken('tts-1-hd')]).toEqual([0.01851, 0.03702])
    expect(spoken('gpt-4o-mini-tts')).toBeGreaterThanOrEqual((1_234 / 60) * 0.015)
  })

  const drawn = (model: string, asked: object = {}) =>
    dollars({ endpoint: 'images', request: { model, prompt: 'a cat', ...asked } }, model) ?? NaN

  test('pictures cost what the dearest kind does', () => {
    expect([drawn('dall-e-3', { n: 2 }), drawn('dall-e-2')]).toEqual([0.24, 0.02])
  })

  test.each([
    ['gpt-image-2', {}],
    ['gpt-image-2', { quality: 'high', size: '2048x1024' }],
    ['gpt-image-1', {}],
    ['gpt-image-1.5', {}],
    ['gpt-image-1-mini', { n: 4, quality: 'medium' }],
    ['gpt-image-2.6-sunburst', { quality: 'high' }],
    ['gpt-image-2.6-flare', { quality: 'medium', n: 4 }],
    ['gemini-3-pro-image', {}],
    ['gemini-nano-banana-2.1', { size: '1536x1024' }],
  ])('a dollar is enough for a picture of %s as %j', (model, asked) => {
    expect(drawn(model, asked)).toBeLessThan(1)
  })

  test.each([
    ['a quality that no price is listed for', 'gpt-image-2.6-flare', { quality: 'max' }],
    ['one that the model chooses', 'gpt-image-2.6-flare', { quality: 'auto' }],
    ['a size that is none', 'gpt-image-2', { size: 'large' }],
    ['counts that are none', 'gpt-image-2', { partial_images: 'many' }],
  ])('%s has no bound but the longest answer', (_, model, asked) => {
    expect(drawn(model, asked)).toBeGreaterThan((131_072 * 30) / 1e6)
  })

  /** What OpenAI says that a picture of gpt-image-1 takes, in tokens. */
  const PUBLISHED: Readonly<Record<string, readonly (readonly [size: string, tokens: number])[]>> = {
    low: [
      ['1024x1024', 272],
      ['1024x1536', 408],
      ['1536x1024', 400],
    ],
    medium: [
      ['1024x1024', 1_056],
      ['1024x1536', 1_584],
      ['1536x1024', 1_568],
    ],
    high: [
      ['1024x1024', 4_160],
      ['1024x1536', 6_240],
      ['1536x1024', 6_208],
    ],
  }
  const isCovered = (model: string, asked: object, tokens: number): boolean => {
    const usage = { inputTokens: 100, outputTokens: tokens, imageOutputTokens: tokens }
    const real = cost({ card: card(model)!, usage, date: DATE })
    return real !== undefined && drawn(model, asked) * 1e12 >= Number(real.picoUsd)
  }

  test('is never less than what a picture is known to take, asked for by its kind or left to the model', () => {
    for (const [quality, sizes] of Object.entries(PUBLISHED))
      for (const [size, tokens] of sizes) {
        for (const asked of [{ quality, size }, { quality }, { size }, {}])
          expect(isCovered('gpt-image-1', asked, tokens)).toBe(true)
        const three = { quality, size, n: 3, partial_images: 3 }
        expect(isCovered('gpt-image-1', three, 3 * (tokens + 300))).toBe(true)
      }
  })

  test('covers twice what each kind of each model is listed at, whatever its number and size', () => {
    const drawing = cards().filter(({ outputs, prices }) => outputs.includes('image') && prices.length > 0)
    const listed = drawing.flatMap((model) => {
      const row = priceRowOn(model, DATE)
      const rate = row?.rates.imageOut
      return rate === undefined
        ? []
        : Object.entries(row?.perImage ?? {}).map(([kind, each]) => ({
            model: model.id,
            kind,
            tokens: each / rate,
          }))
    })
    expect(listed.length).toBeGreaterThan(25)
    fc.assert(
      fc.property(
        fc.constantFrom(...listed),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 16, max: 3_840 }),
        fc.integer({ min: 16, max: 2_160 }),
        ({ model, kind, tokens }, n, width, height) => {
          const [, quality, size] = /^(?:([a-z]+) )?(\d+x\d+)$/.exec(kind) ?? []
          const asked = { n, ...(size !== undefined && { quality, size }) }
          expect(isCovered(model, asked, Math.floor(n * tokens * 2))).toBe(true)
          if (size === undefined) return
          // Any other size takes what its pixels do, at the density of the listed one.
          const [w = 1, h = 1] = size.split('x').map(Number)
          const pixels = (width * height) / (w * h)
          const other = { n, quality, size: `${width}x${height}` }
          expect(isCovered(model, other, Math.floor(n * tokens * pixels))).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('the worst case of a service tier', () => {
  const messages = [{ role: 'user', content: 'Say hello.' }]
  const priced = (tier: unknown, autoTier?: 'priority') =>
    worstCase({
      shape: shapeOf(
        { messages, max_tokens: 100, service_tier: tier },
        { bytes: 100, endpoint: 'chat', file: false },
      ),
      cards: [card('gpt-4o')],
      date: DATE,
      autoTier,
    }).nanoUsd
  const standard = priced('default') ?? NaN

  test('is that of the tier asked for', () => {
    for (const tier of ['priority', 'fast']) expect((priced(tier) ?? 0) / standard).toBeCloseTo(1.7, 1)
    for (const tier of [undefined, null, 'auto', 'default', 'flex']) expect(priced(tier)).toBe(standard)
  })
  test('is that of priority where the account gives it to whoever asks for none', () => {
    for (const tier of [undefined, null, 'auto']) expect(priced(tier, 'priority')).toBe(priced('priority'))
    expect(priced('default', 'priority')).toBe(standard)
  })
  test('of which nobody knows the price has none', () => {
    for (const tier of ['ultrafast', 'scale', 'warp', 'constructor']) expect(priced(tier)).toBeUndefined()
  })
})

describe('the worst case of searches', () => {
  const messages = [{ role: 'user', content: 'Say hello.' }]
  const fee = (model: string, request: object) =>
    ((worst({ messages, max_tokens: 1, ...request }, model).nanoUsd ?? NaN) -
      (worst({ messages, max_tokens: 1 }, model).nanoUsd ?? NaN)) /
    1e9

  test('a model that always searches does so once; each choice of Gemini by itself', () => {
    const always = worst({ messages, max_tokens: 1 }, 'gpt-4o-search-preview').nanoUsd ?? NaN
    expect(always / 1e9).toBeGreaterThan(0.025)
    expect(always / 1e9).toBeLessThan(0.026)
    const one = worst({ messages, max_tokens: 1, n: 1, web_search_options: {} }, 'gemini-2.5-pro').nanoUsd
    const four = worst({ messages, max_tokens: 1, n: 4, web_search_options: {} }, 'gemini-2.5-pro').nanoUsd
    expect(((four ?? NaN) - (one ?? NaN)) / 1e9).toBeGreaterThan(3 * 0.035)
  })

  test('a preview of the tool is dearer than the tool', () => {
    const tools = [{ type: 'web_search_preview' }]
    expect(fee('gpt-4o', { tools })).toBeGreaterThanOrEqual(10 * 0.025)
  })
})
