import type { OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { isGemini, MODELS } from '../support/models.ts'
import { openaiClient } from '../support/openai.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const OPENAI_OR_GEMINI = MODELS.map((model) => [model] as const)

describe.each(OPENAI_OR_GEMINI)('legacy completions by %s', (model) => {
  const ask = { model, prompt: 'the otter swims', max_tokens: 400 } as const

  it('are served over chat', async () => {
    const completion = await client.completions.create(ask)
    expect(completion).toMatchObject({ object: 'text_completion', id: expect.stringMatching(/^cmpl-/) })
    expect(completion.choices).toEqual([
      { index: 0, text: 'You said: the otter swims', finish_reason: 'stop', logprobs: null },
    ])
    expect(completion.usage?.total_tokens).toBeGreaterThan(0)
    expect(gateway.received[0]?.path).toContain(isGemini(model) ? ':generateContent' : '/chat/completions')
  })

  it('stream, and count their tokens for whoever asks', async () => {
    let text = ''
    let finish: string | null = null
    let tokens = 0
    const stream = await client.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    })
    for await (const chunk of stream) {
      expect(chunk.object).toBe('text_completion')
      text += chunk.choices[0]?.text ?? ''
      finish ??= chunk.choices[0]?.finish_reason ?? null
      tokens = chunk.usage?.total_tokens ?? tokens
    }
    expect({ text, finish }).toEqual({ text: 'You said: the otter swims', finish: 'stop' })
    expect(tokens).toBeGreaterThan(0)
  })

  it('take several prompts and several choices', async () => {
    const { choices } = await client.completions.create({ ...ask, prompt: ['one', 'two'], n: 2 })
    expect(choices.map(({ index, text }) => [index, text.slice(0, 13)])).toEqual([
      [0, 'You said: one'],
      [1, 'You said: one'],
      [2, 'You said: two'],
      [3, 'You said: two'],
    ])
    const texts = new Map<number, string>()
    const prompts = ['three', 'four']
    for await (const { choices: parts } of await client.completions.create({
      ...ask,
      prompt: prompts,
      stream: true,
    }))
      for (const { index, text } of parts) texts.set(index, (texts.get(index) ?? '') + text)
    expect([...texts].toSorted(([a], [b]) => a - b)).toEqual([
      [0, 'You said: three'],
      [1, 'You said: four'],
    ])
  })

  it.each([
    ['echo', true],
    ['suffix', 'the end'],
    ['best_of', 3],
  ])('refuse %s by name', async (param, value) => {
    const failure = client.completions.create({ ...ask, [param]: value })
    await expect(failure).rejects.toMatchObject({ status: 400, code: 'unsupported_parameter', param })
    expect(gateway.received).toHaveLength(0)
  })

  it('end a broken stream in an error', async () => {
    const prompt = 'one two three four five [[sim {"cutAfter":4,"gapMs":60}]]'
    const stream = await client.completions.create({ ...ask, prompt, stream: true })
    await expect(async () => {
      for await (const _ of stream);
    }).rejects.toMatchObject({ code: 'upstream_stream_interrupted' })
  })
})

it('refuses token ids', async () => {
  const failure = client.completions.create({ model: 'gpt-4o-mini', prompt: [1, 2] })
  await expect(failure).rejects.toMatchObject({ status: 400, param: 'prompt' })
})
