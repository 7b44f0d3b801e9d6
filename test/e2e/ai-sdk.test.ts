import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, generateObject, generateText, Output, stepCountIs, streamText, tool } from 'ai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { PNG } from '../support/images.ts'
import { MODELS } from '../support/models.ts'
import { scripted } from '../support/prompt.ts'
import { CLOCK, FORECAST, REPORT } from '../support/weather.ts'

globalThis.AI_SDK_LOG_WARNINGS = false

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

function languageModel(id: string) {
  const provider = createOpenAICompatible({
    name: 'gateway',
    baseURL: `${gateway.origin}/v1`,
    apiKey: 'anyone',
    includeUsage: true,
    supportsStructuredOutputs: true,
  })
  return provider(id)
}

const tools = {
  forecast: tool({
    description: 'The weather in a city',
    inputSchema: FORECAST,
    execute: async ({ city }) => `Rain in ${city}`,
  }),
  clock: tool({ description: 'The time', inputSchema: CLOCK, execute: async () => '12:30' }),
}

describe.each(MODELS)('%s', (id) => {
  it('generates text, with usage', async () => {
    const { text, finishReason, usage } = await generateText({ model: languageModel(id), prompt: 'Hello 👋' })
    expect(text).toBe('You said: Hello 👋')
    expect(finishReason).toBe('stop')
    expect(usage.inputTokens).toBeGreaterThan(0)
    expect(usage.outputTokens).toBeGreaterThan(0)
  })

  it('streams text, with usage', async () => {
    const result = streamText({ model: languageModel(id), prompt: 'one two three' })
    const pieces: string[] = []
    for await (const piece of result.textStream) pieces.push(piece)
    expect(pieces.join('')).toBe('You said: one two three')
    expect(pieces.length).toBeGreaterThan(2)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).outputTokens).toBeGreaterThan(0)
  })

  it('runs tools in steps', async () => {
    const { text, steps } = await generateText({
      model: languageModel(id),
      tools,
      stopWhen: stepCountIs(5),
      prompt: 'In parallel please',
    })
    expect(steps).toHaveLength(2)
    expect(steps[0]?.toolCalls.map(({ toolName }) => toolName)).toEqual(['forecast', 'clock'])
    expect(text).toContain('Rain in')
    expect(text).toContain('12:30')
  })

  it('runs tools in steps of a stream', async () => {
    const result = streamText({
      model: languageModel(id),
      tools,
      stopWhen: stepCountIs(5),
      prompt: 'In parallel please',
    })
    const kinds: string[] = []
    for await (const part of result.fullStream) kinds.push(part.type)
    expect(kinds).not.toContain('error')
    expect(kinds.filter((kind) => kind === 'tool-call')).toHaveLength(2)
    expect(kinds.filter((kind) => kind === 'tool-result')).toHaveLength(2)
    expect(await result.text).toContain('12:30')
    expect(await result.steps).toHaveLength(2)
  })

  it('goes on over several turns of a conversation', async () => {
    const first = await generateText({
      model: languageModel(id),
      tools,
      stopWhen: stepCountIs(5),
      messages: [{ role: 'user', content: 'In parallel please' }],
    })
    const second = await generateText({
      model: languageModel(id),
      tools,
      stopWhen: stepCountIs(5),
      messages: [
        { role: 'user', content: 'In parallel please' },
        ...first.responseMessages,
        { role: 'user', content: 'And once more' },
      ],
    })
    expect(second.steps).toHaveLength(2)
    expect(second.text).toContain('Rain in')
  })

  it('generates an object', async () => {
    const { object } = await generateObject({ model: languageModel(id), schema: REPORT, prompt: 'Report' })
    expect(REPORT.parse(object)).toEqual(object)
  })

  it('generates an output object, from a stream too', async () => {
    const options = { model: languageModel(id), output: Output.object({ schema: REPORT }), prompt: 'Report' }
    const whole = await generateText(options)
    expect(REPORT.parse(whole.output)).toBeDefined()
    const streamed = streamText(options)
    expect(await streamed.output).toEqual(whole.output)
  })

  it('shows an image', async () => {
    const { text } = await generateText({
      model: languageModel(id),
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'file', mediaType: 'image/png', data: new Uint8Array(PNG) },
          ],
        },
      ],
    })
    expect(text).toContain(`image/png of ${PNG.length} bytes`)
  })

  it('throws an error with what the gateway said', async () => {
    const call = generateText({
      model: languageModel(id),
      maxRetries: 0,
      prompt: scripted('Hi', { openai: { error: 'context_length_exceeded' }, gemini: { error: 'too_long' } }),
    })
    const error: unknown = await call.catch((thrown: unknown) => thrown)
    expect(APICallError.isInstance(error)).toBe(true)
    expect(error).toMatchObject({ statusCode: 400, isRetryable: false })
  })

  it('reports a stream that breaks as an error, not as an end', async () => {
    const result = streamText({
      model: languageModel(id),
      maxRetries: 0,
      prompt: scripted('one two three four five six', { errorAfter: 4 }),
      onError: () => undefined,
    })
    const kinds: string[] = []
    for await (const part of result.fullStream) kinds.push(part.type)
    expect(kinds).toContain('text-delta')
    expect(kinds).toContain('error')
  })

  it('cancels the upstream when aborted', async () => {
    const controller = new AbortController()
    const result = streamText({
      model: languageModel(id),
      abortSignal: controller.signal,
      prompt: scripted('Go on', { text: 'word '.repeat(5_000), gapMs: 20 }),
    })
    for await (const part of result.fullStream) if (part.type === 'text-delta') controller.abort()
    expect(await eventually('the upstream request is aborted', () => gateway.received[0]?.aborted)).toBe(true)
  })
})
