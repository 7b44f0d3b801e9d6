import type { OpenAI } from 'openai'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())

const STREAMS = 50

it('fifty streams at once, over all models, never mix', async () => {
  const gaps = { gapMs: 2, byteByByte: false }
  const answers = await Promise.all(
    Array.from({ length: STREAMS }, async (_, index) => {
      const model = MODELS[index % MODELS.length] ?? MODELS[0]
      const tag = `tag${String(index).padStart(3, '0')}`
      const stream = await client.chat.completions.create({
        model,
        stream: true,
        messages: [user(scripted(`${tag} `.repeat(20).trim(), gaps))],
      })
      let text = ''
      const ids = new Set<string>()
      for await (const chunk of stream) {
        ids.add(chunk.id)
        text += chunk.choices[0]?.delta.content ?? ''
      }
      return { tag, text, ids: [...ids] }
    }),
  )
  for (const { tag, text } of answers) expect(text).toBe(`You said: ${`${tag} `.repeat(20).trim()}`)
  expect(answers.every(({ ids }) => ids.length === 1)).toBe(true)
  expect(new Set(answers.flatMap(({ ids }) => ids)).size).toBe(STREAMS)
})

it('a client that leaves takes no other with it', async () => {
  const controller = new AbortController()
  const leaving = Array.from({ length: 10 }, async () => {
    const stream = await client.chat.completions.create(
      {
        model: 'gpt-4o-mini',
        stream: true,
        messages: [user(scripted('Bye', { text: 'word '.repeat(2_000), gapMs: 5 }))],
      },
      { signal: controller.signal },
    )
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
  })
  const staying = Array.from({ length: 10 }, async (_, index) => {
    const { choices } = await client.chat.completions
      .stream({
        model: 'gpt-4o-mini',
        messages: [user(scripted(`stay ${index} a b c d e f g`, { gapMs: 10 }))],
      })
      .finalChatCompletion()
    return choices[0]?.message.content
  })
  await Promise.all(leaving)
  controller.abort()
  expect(await Promise.all(staying)).toEqual(
    staying.map((_, index) => `You said: stay ${index} a b c d e f g`),
  )
})
