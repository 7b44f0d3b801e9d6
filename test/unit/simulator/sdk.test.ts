import { GoogleGenAI } from '@google/genai'
import OpenAI, { APIError, AuthenticationError, RateLimitError } from 'openai'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSimulator } from '../../../simulator/index.ts'
import { serve } from '../../../simulator/server.ts'
import type { Served } from '../../../simulator/server.ts'

/** The official clients are the judges of whether the simulator speaks their language. */
let served: Served
let openai: OpenAI
let google: GoogleGenAI

beforeAll(async () => {
  served = await serve(createSimulator())
  openai = new OpenAI({ apiKey: 'sk-good', baseURL: `${served.origin}/v1`, maxRetries: 0 })
  google = new GoogleGenAI({
    apiKey: 'AIzaGood',
    apiVersion: 'v1beta',
    httpOptions: { baseUrl: served.origin },
  })
})

afterAll(() => served.close())

const parameters = {
  type: 'object',
  properties: { a: { type: 'string' } },
  required: ['a'],
  additionalProperties: false,
}

test('openai: the stream helper and its tool loop come to an end', async () => {
  const runner = openai.chat.completions.runTools({
    model: 'gpt-4.1',
    stream: true,
    messages: [{ role: 'user', content: 'hi' }],
    tools: [
      {
        type: 'function',
        function: {
          name: 'f',
          description: 'd',
          parameters,
          parse: JSON.parse,
          function: (args: unknown) => JSON.stringify(args),
        },
      },
    ],
  })
  expect(await runner.finalContent()).toBe('The tools returned: {"a":"sample a"}')
  const stream = openai.chat.completions.stream({
    model: 'gpt-4.1',
    messages: [{ role: 'user', content: 'hi' }],
    stream_options: { include_usage: true },
  })
  const final = await stream.finalChatCompletion()
  expect(final.choices[0]?.message.content).toBe('You said: hi')
  expect(final.usage?.total_tokens).toBeGreaterThan(0)
})

test('openai: errors become the classes they should', async () => {
  const ask = async (content: string, client = openai): Promise<void> => {
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      stream: true,
      messages: [{ role: 'user', content }],
    })
    for await (const _ of stream);
  }
  await expect(ask('[[sim {"status":429}]]')).rejects.toBeInstanceOf(RateLimitError)
  await expect(ask('hi', openai.withOptions({ apiKey: 'sk-bad' }))).rejects.toBeInstanceOf(
    AuthenticationError,
  )
  await expect(ask('[[sim {"errorAfter":2}]]')).rejects.toBeInstanceOf(APIError)
  await expect(ask('[[sim {"cutAfter":2}]]')).rejects.toThrow('terminated')
})

test('google: a chat with a tool round, streamed', async () => {
  const declaration = { name: 'f', description: 'd', parametersJsonSchema: parameters }
  const chat = google.chats.create({
    model: 'gemini-3.8-flash',
    config: { systemInstruction: 'be kind', tools: [{ functionDeclarations: [declaration] }] },
  })
  const first = await chat.sendMessage({ message: 'call it' })
  const call = first.functionCalls?.[0]
  expect(call).toMatchObject({ name: 'f', args: { a: 'sample a' } })
  const functionResponse = { id: call?.id ?? '', name: 'f', response: { output: 'x' } }
  let text = ''
  for await (const event of await chat.sendMessageStream({ message: [{ functionResponse }] }))
    text += event.text ?? ''
  expect(text).toBe('The tools returned: {"output":"x"}')
})

test('google: counting, listing and errors', async () => {
  const counted = await google.models.countTokens({ model: 'gemini-3.8-flash', contents: 'hello' })
  expect(counted.totalTokens).toBeGreaterThan(0)
  expect((await google.models.list()).page.length).toBeGreaterThan(10)
  const failing = google.models.generateContent({
    model: 'gemini-3.8-flash',
    contents: '[[sim {"error":"prepaid"}]]',
  })
  await expect(failing).rejects.toMatchObject({ status: 402 })
})
