import type OpenAI from 'openai'
import type { RunnableToolFunctionWithoutParse } from 'openai/lib/RunnableFunction'
import { zodFunction, zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'
import { CLOCK, FORECAST, REPORT } from '../support/weather.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

interface Called {
  readonly name: string
  readonly args: unknown
}
function toolbox() {
  const called: Called[] = []
  const note = (name: string, answer: string) => (args: unknown) => {
    called.push({ name, args })
    return answer
  }
  const tools = [
    zodFunction({ name: 'forecast', parameters: FORECAST, function: note('forecast', 'Rain at 9 °C') }),
    zodFunction({ name: 'clock', parameters: CLOCK, function: note('clock', '12:30') }),
  ]
  return { called, tools }
}

describe.each(MODELS)('%s', (model) => {
  describe.each([
    ['whole', false],
    ['streamed', true],
  ] as const)('runTools, %s', (_, stream) => {
    async function run(prompt: string, tools: ReturnType<typeof toolbox>['tools']) {
      const messages = [user(prompt)]
      const runner = stream
        ? client.chat.completions.runTools({ model, messages, tools, stream: true })
        : client.chat.completions.runTools({ model, messages, tools })
      return { content: await runner.finalContent(), messages: runner.messages }
    }

    it('calls one tool and answers with its result', async () => {
      const { called, tools } = toolbox()
      const { content, messages } = await run('What is the weather like?', tools)
      expect(called).toHaveLength(1)
      expect(called[0]?.name).toBe('forecast')
      expect(FORECAST.parse(called[0]?.args)).toBeDefined()
      expect(content).toContain('Rain at 9 °C')
      expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant'])
      expect(gateway.received).toHaveLength(2)
    })

    it('calls tools in parallel, each with an id of its own', async () => {
      const { called, tools } = toolbox()
      const { content, messages } = await run('In parallel: the weather and the time.', tools)
      expect(called.map(({ name }) => name)).toEqual(['forecast', 'clock'])
      expect(content).toContain('Rain at 9 °C')
      expect(content).toContain('12:30')
      const [, asked] = messages
      const calls = asked?.role === 'assistant' ? (asked.tool_calls ?? []) : []
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2)
    })

    it('calls several tools of the same name', async () => {
      const { called, tools } = toolbox()
      const calls = ['Oslo', 'Rome', 'Lima'].map((city) => ({
        name: 'forecast',
        args: { city, days: 1, unit: 'celsius' },
      }))
      const { content } = await run(scripted('Three cities', { calls }), tools)
      expect(called.map(({ args }) => (args as { city: string }).city)).toEqual(['Oslo', 'Rome', 'Lima'])
      expect(content?.split('Rain at 9 °C')).toHaveLength(4)
    })

    it('goes on for several turns', async () => {
      const { called, tools } = toolbox()
      let messages: OpenAI.ChatCompletionMessageParam[] = []
      for (const turn of [1, 2, 3]) {
        messages.push(user(`Turn ${turn}, in parallel please`))
        const runner = client.chat.completions.runTools({ model, messages, tools, stream: true })
        await runner.done()
        messages = runner.messages
      }
      expect(called).toHaveLength(6)
      expect(messages).toHaveLength(3 * 5)
    })

    it('takes a call without arguments', async () => {
      let calls = 0
      const ping: RunnableToolFunctionWithoutParse = {
        type: 'function',
        function: {
          name: 'ping',
          description: 'Answers pong',
          parameters: { type: 'object', properties: {} },
          function: () => `pong ${++calls}`,
        },
      }
      const messages = [user('Ping')]
      const runner = stream
        ? client.chat.completions.runTools({ model, messages, tools: [ping], stream: true })
        : client.chat.completions.runTools({ model, messages, tools: [ping] })
      expect(await runner.finalContent()).toContain('pong 1')
    })
  })

  it.each([
    ['none', 'none', []],
    ['required', 'required', ['forecast']],
    ['a named tool', { type: 'function', function: { name: 'clock' } }, ['clock']],
    ['auto', 'auto', ['forecast']],
  ] as const)('honours tool_choice: %s', async (_, choice, names) => {
    const { tools } = toolbox()
    const { choices } = await client.chat.completions.create({
      model,
      messages: [user('Hello')],
      tools: tools.map((tool) => ({ type: tool.type, function: tool.function })),
      tool_choice: choice,
    })
    const calls = choices[0]?.message.tool_calls ?? []
    expect(calls.map((call) => call.type === 'function' && call.function.name)).toEqual(names)
    // A forced, named call finishes with `stop` at OpenAI (openai.md 2.6); the simulator is not that subtle.
    expect(choices[0]?.finish_reason).toBe(names.length > 0 ? 'tool_calls' : 'stop')
  })

  it('parses a structured answer', async () => {
    const parsed = await client.chat.completions.parse({
      model,
      messages: [user('Report')],
      response_format: zodResponseFormat(REPORT, 'report'),
    })
    const report = parsed.choices[0]?.message.parsed
    expect(REPORT.parse(report)).toEqual(report)
  })

  it('parses a structured answer from a stream', async () => {
    const stream = client.chat.completions.stream({
      model,
      messages: [user('Report')],
      response_format: zodResponseFormat(REPORT, 'report'),
    })
    const final = await stream.finalChatCompletion()
    expect(REPORT.parse(final.choices[0]?.message.parsed)).toBeDefined()
  })

  it('parses a recursive schema', async () => {
    interface Node {
      name: string
      children: Node[]
    }
    const NODE: z.ZodType<Node> = z.lazy(() => z.object({ name: z.string(), children: z.array(NODE) }))
    const parsed = await client.chat.completions.parse({
      model,
      messages: [user('Tree')],
      response_format: zodResponseFormat(z.object({ root: NODE }), 'tree'),
    })
    expect(parsed.choices[0]?.message.parsed?.root.name).toEqual(expect.any(String))
  })

  it('parses the arguments of a zod function', async () => {
    const parsed = await client.chat.completions.parse({
      model,
      messages: [user('Weather')],
      tools: [zodFunction({ name: 'forecast', parameters: FORECAST })],
    })
    const call = parsed.choices[0]?.message.tool_calls?.[0]
    expect(call?.type).toBe('function')
    expect(FORECAST.parse(call?.type === 'function' && call.function.parsed_arguments)).toBeDefined()
    expect(parsed.choices[0]?.finish_reason).toBe('tool_calls')
  })

  it('asks for JSON without a schema', async () => {
    const { choices } = await client.chat.completions.create({
      model,
      messages: [user('Some JSON please')],
      response_format: { type: 'json_object' },
    })
    expect(JSON.parse(choices[0]?.message.content ?? '')).toBeTypeOf('object')
  })

  it('takes tools and a response format together', async () => {
    const { called, tools } = toolbox()
    const report = { title: 'Rain', mood: 'bad', score: 2, note: null, lines: [{ label: 'wind', amount: 4 }] }
    const calls = [{ name: 'forecast', args: { city: 'Oslo', days: 1, unit: 'celsius' } }]
    const runner = client.chat.completions.runTools({
      model,
      messages: [user(scripted('Weather, then the report', { calls, text: JSON.stringify(report) }))],
      tools,
      response_format: zodResponseFormat(REPORT, 'report'),
    })
    const content = await runner.finalContent()
    expect(called).toHaveLength(1)
    expect(REPORT.parse(JSON.parse(content ?? ''))).toEqual(report)
    for (const { body } of gateway.received) expect(body).toContain('mood') // the schema, in whatever form
  })
})
