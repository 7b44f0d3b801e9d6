import type { OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Received } from '../../simulator/index.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { isGemini } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const SENTINEL = 'skip_thought_signature_validator'
const OPENAI = 'gpt-4o-mini'
const GEMINI_2 = 'gemini-2.5-flash'
const GEMINI_3 = 'gemini-3.8-flash'
const GEMINI_4 = 'gemini-4-argon'

const TOOLS: OpenAI.ChatCompletionTool[] = ['forecast', 'clock'].map((name) => ({
  type: 'function',
  function: {
    name,
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}))

type Message = OpenAI.ChatCompletionMessageParam
interface Answer {
  readonly message: OpenAI.ChatCompletionMessage
  readonly adapted: string
}

async function ask(model: string, messages: readonly Message[], stream: boolean): Promise<Answer> {
  const request = { model, messages: [...messages], tools: TOOLS }
  if (!stream) {
    const { data, response } = await client.chat.completions.create(request).withResponse()
    const message = data.choices[0]?.message
    if (message === undefined) throw new Error('There is no choice.')
    return { message, adapted: response.headers.get('x-gateway-adapted') ?? '' }
  }
  return { message: await client.chat.completions.stream(request).finalMessage(), adapted: '' }
}

/** What a client sends back that keeps only the fields it knows. */
function known({ content, tool_calls: calls }: OpenAI.ChatCompletionMessage): Message {
  if (calls === undefined) return { role: 'assistant', content }
  const kept = calls.flatMap((call) =>
    call.type === 'function'
      ? [
          {
            id: call.id,
            type: call.type,
            function: { name: call.function.name, arguments: call.function.arguments },
          },
        ]
      : [],
  )
  return { role: 'assistant', content, tool_calls: kept }
}

function results(message: OpenAI.ChatCompletionMessage): Message[] {
  return (message.tool_calls ?? []).map(({ id }) => ({
    role: 'tool',
    tool_call_id: id,
    content: `result of ${id}`,
  }))
}

/** The signature on every call of the last request, call by call. */
function signatures(received: Received | undefined): unknown[] {
  const request = received?.json as { contents: { parts: Record<string, unknown>[] }[] } | undefined
  return (request?.contents ?? [])
    .flatMap(({ parts }) => parts)
    .filter((part) => part['functionCall'] !== undefined)
    .map((part) => part['thoughtSignature'])
}

describe.each([
  ['sent back as they came', (message: OpenAI.ChatCompletionMessage): Message => message],
  ['cut down to the known fields', known],
] as const)('messages %s', (_, back) => {
  describe.each([
    ['whole', false],
    ['streamed', true],
  ] as const)('%s', (_, stream) => {
    it.each([
      [[OPENAI, GEMINI_3, OPENAI]],
      [[GEMINI_3, OPENAI, GEMINI_3]],
      [[GEMINI_2, GEMINI_3, GEMINI_2, OPENAI, GEMINI_2]],
      [[GEMINI_3, GEMINI_4, GEMINI_3]],
    ])('a conversation goes on over %j, a tool loop at each', async (models) => {
      const history: Message[] = [{ role: 'system', content: 'Be brief.' }]
      for (const model of models) {
        history.push(user('In parallel please'))
        const called = await ask(model, history, stream)
        expect(called.message.tool_calls).toHaveLength(2)
        history.push(back(called.message), ...results(called.message))
        const answered = await ask(model, history, stream)
        for (const { id } of called.message.tool_calls ?? [])
          expect(answered.message.content).toContain(`result of ${id}`)
        history.push(back(answered.message))
      }
      const ids = history.flatMap((message) => (message.role === 'tool' ? [message.tool_call_id] : []))
      expect(new Set(ids).size).toBe(models.length * 2)
    })

    // The change comes in the middle of a step, where Google wants the call signed (gemini.md 4.6).
    it.each([
      [OPENAI, GEMINI_3],
      [GEMINI_2, GEMINI_3],
      [GEMINI_3, GEMINI_4],
      [GEMINI_3, GEMINI_2],
      [GEMINI_3, OPENAI],
      [OPENAI, GEMINI_2],
    ])('the call of %s is answered at %s', async (first, second) => {
      const history: Message[] = [user('In parallel please')]
      const { message } = await ask(first, history, stream)
      history.push(back(message), ...results(message))
      const answer = await ask(second, history, false)
      for (const { id } of message.tool_calls ?? [])
        expect(answer.message.content).toContain(`result of ${id}`)
      const foreign = [GEMINI_3, GEMINI_4].includes(second)
      const sent = isGemini(second) ? signatures(gateway.received.at(-1)) : []
      expect(sent[0]).toBe(foreign ? SENTINEL : undefined)
      expect(answer.adapted.includes('thought_signature=sentinel')).toBe(foreign)
    })

    it.each([GEMINI_2, GEMINI_3, GEMINI_4])('%s gets its own signature back', async (model) => {
      const history: Message[] = [user('In parallel please')]
      const { message } = await ask(model, history, stream)
      history.push(back(message), ...results(message))
      const answer = await ask(model, history, false)
      const [first, ...others] = signatures(gateway.received.at(-1))
      expect(first).toEqual(expect.stringMatching(/^[A-Za-z0-9+/=_-]{40,}$/))
      expect(first).not.toBe(SENTINEL)
      expect(others).toEqual([undefined])
      expect(answer.adapted).not.toContain('thought_signature')
    })
  })
})

it('what an OpenAI upstream gets holds nothing of Gemini', async () => {
  const history: Message[] = [user('In parallel please')]
  const { message } = await ask(GEMINI_3, history, false)
  expect(JSON.stringify(message)).toContain('thought_signature')
  await ask(OPENAI, [...history, message, ...results(message)], false)
  expect(gateway.received.at(-1)?.provider).toBe('openai')
  expect(gateway.received.at(-1)?.body).not.toContain('extra_content')
})
