import {
  AIMessage,
  type AIMessageChunk,
  HumanMessage,
  type BaseMessage,
  ToolMessage,
} from '@langchain/core/messages'
import type { ToolCall } from '@langchain/core/messages/tool'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { PNG_URL } from '../support/images.ts'
import { MODELS } from '../support/models.ts'
import { CLOCK, FORECAST, REPORT } from '../support/weather.ts'

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const chat = (model: string): ChatOpenAI =>
  new ChatOpenAI({
    model,
    apiKey: 'anyone',
    maxRetries: 0,
    configuration: { baseURL: `${gateway.origin}/v1` },
  })

const forecast = tool(({ city }) => `Rain in ${city}`, {
  name: 'forecast',
  description: 'The weather in a city',
  schema: FORECAST,
})
const clock = tool(() => '12:30', { name: 'clock', description: 'The time', schema: CLOCK })
const RUN = {
  forecast: (call: ToolCall): Promise<ToolMessage> => forecast.invoke(call as never),
  clock: (call: ToolCall): Promise<ToolMessage> => clock.invoke(call as never),
}

/** What an agent does: asks, runs what was called, and asks again until there is an answer. */
async function loop(model: string, messages: BaseMessage[]): Promise<BaseMessage[]> {
  const bound = chat(model).bindTools([forecast, clock])
  for (let turn = 0; turn < 5; turn++) {
    const answer = await bound.invoke(messages)
    messages.push(answer)
    if ((answer.tool_calls ?? []).length === 0) return messages
    for (const call of answer.tool_calls ?? []) {
      messages.push(await RUN[call.name as keyof typeof RUN]({ ...call, type: 'tool_call' }))
    }
  }
  throw new Error('The loop did not end.')
}

describe.each(MODELS)('%s', (model) => {
  it('answers, with usage', async () => {
    const answer = await chat(model).invoke('Hello 👋')
    expect(answer.content).toBe('You said: Hello 👋')
    expect(answer).toMatchObject({
      usage_metadata: { total_tokens: expect.any(Number) },
      response_metadata: { finish_reason: 'stop' },
    })
  })

  it('streams', async () => {
    const pieces: string[] = []
    let whole: AIMessageChunk | undefined
    for await (const chunk of await chat(model).stream('one two three')) {
      pieces.push(chunk.text)
      whole = whole === undefined ? chunk : whole.concat(chunk)
    }
    expect(pieces.join('')).toBe('You said: one two three')
    expect(pieces.filter((piece) => piece !== '').length).toBeGreaterThan(2)
    expect(whole).toMatchObject({ usage_metadata: { output_tokens: expect.any(Number) } })
  })

  it('runs tools in parallel, turn after turn', async () => {
    const first = await loop(model, [new HumanMessage('In parallel please')])
    const second = await loop(model, [...first, new HumanMessage('In parallel, again')])
    expect(second.map((message) => message.type)).toEqual([
      'human',
      'ai',
      'tool',
      'tool',
      'ai',
      'human',
      'ai',
      'tool',
      'tool',
      'ai',
    ])
    expect(second.at(-1)?.text).toContain('Rain in')
    expect(second.at(-1)?.text).toContain('12:30')
  })

  it('streams tool calls that come together', async () => {
    let whole: AIMessageChunk | undefined
    for await (const chunk of await chat(model).bindTools([forecast, clock]).stream('In parallel please'))
      whole = whole === undefined ? chunk : whole.concat(chunk)
    expect(whole?.tool_calls?.map(({ name }) => name)).toEqual(['forecast', 'clock'])
    expect(FORECAST.parse(whole?.tool_calls?.[0]?.args)).toBeDefined()
    expect(new Set(whole?.tool_calls?.map(({ id }) => id)).size).toBe(2)
  })

  it.each(['jsonSchema', 'functionCalling'] as const)('gives structured output by %s', async (method) => {
    const structured = chat(model).withStructuredOutput(REPORT, { name: 'report', method })
    expect(REPORT.parse(await structured.invoke('Report'))).toBeDefined()
  })

  it('shows an image', async () => {
    const answer = await chat(model).invoke([
      new HumanMessage({
        content: [
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: PNG_URL } },
        ],
      }),
    ])
    expect(answer.content).toContain('image/png of')
  })

  it('takes a history that another program wrote', async () => {
    const answer = await chat(model)
      .bindTools([forecast])
      .invoke([
        new HumanMessage('Weather?'),
        new AIMessage({
          content: '',
          tool_calls: [{ id: 'call_1', name: 'forecast', args: { city: 'Oslo', days: 1, unit: 'celsius' } }],
        }),
        new ToolMessage({ tool_call_id: 'call_1', content: 'Snow' }),
      ])
    expect(answer.content).toContain('Snow')
  })
})
