import type OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway({ variables: { GATEWAY_SECRET: 'a-secret-of-the-tests-0123456789abcdef' } })
  client = openaiClient(gateway, { defaultHeaders: { 'x-gateway-cache': 'ttl=60' } })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const TOOLS: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: { name: 'f', parameters: { type: 'object', properties: { a: { type: 'string' } } } },
  },
  { type: 'function', function: { name: 'g', parameters: { type: 'object', properties: {} } } },
]
const CALLS = [
  { name: 'f', args: { a: 'x "quoted" 世界' } },
  { name: 'g', args: {} },
]

describe.each(MODELS)('%s, through the official client', (model) => {
  const PROMPTS: readonly (readonly [what: string, prompt: string, more: object])[] = [
    ['text', `Say something in ${model}: 世界 👋`, {}],
    ['calls of tools', scripted(`Call, ${model}`, { calls: CALLS }), { tools: TOOLS }],
  ]
  describe.each(PROMPTS)('%s', (_, prompt, more) => {
    const whole = async (salt: number) =>
      client.chat.completions.create({ model, messages: [user(prompt)], seed: salt, ...more }).withResponse()
    async function streamed(salt: number) {
      const stream = client.chat.completions.stream({
        model,
        messages: [user(prompt)],
        seed: salt,
        stream_options: { include_usage: true },
        ...more,
      })
      const completion = await stream.finalChatCompletion()
      return completion
    }
    const said = ({ choices, usage, id }: OpenAI.ChatCompletion) => ({
      id,
      usage: usage && { ...usage, cost: undefined }, // of this answer, and a kept one costs nothing
      choices: choices.map(({ message: { content, tool_calls: calls }, finish_reason: reason }) => ({
        content: content || null, // the client makes an empty text of none
        reason,
        calls: calls?.map(
          (call) => call.type === 'function' && [call.id, call.function.name, call.function.arguments],
        ),
      })),
    })

    it('asked whole, then as a stream', async () => {
      const first = await whole(1)
      expect(first.response.headers.get('x-gateway-cache')).toBe('miss')
      expect(said(await streamed(1))).toEqual(said(first.data))
      const again = await whole(1)
      expect(again.response.headers.get('x-gateway-cache')).toBe('hit')
      expect(again.data).toEqual(first.data)
      expect(gateway.received).toHaveLength(1)
    })

    it('asked as a stream, then whole', async () => {
      const first = await streamed(2)
      const second = await whole(2)
      expect(second.response.headers.get('x-gateway-cache')).toBe('hit')
      expect(said(second.data)).toEqual(said(first))
      expect(said(await streamed(2))).toEqual(said(first))
      expect(gateway.received).toHaveLength(1)
    })
  })
})
