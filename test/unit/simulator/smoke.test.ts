import { expect, test } from 'vitest'
import { bench, chat, eventsOf, generate, joined, read } from './support.ts'

const ANSWER = 'You said: Hello there, Zoë 👋'

test('OpenAI answers whole and streamed', async () => {
  const simulator = bench()
  const whole = await read(await simulator.fetch(chat({})))
  expect(whole.json).toMatchObject({ choices: [{ message: { content: ANSWER }, finish_reason: 'stop' }] })
  const streamed = await read(await simulator.fetch(chat({ stream: true })))
  expect(joined(eventsOf(streamed.text), 'choices.0.delta.content')).toBe(ANSWER)
})

test('Gemini answers whole and streamed', async () => {
  const simulator = bench()
  const whole = await read(await simulator.fetch(generate({})))
  expect(whole.json).toMatchObject({
    candidates: [{ content: { parts: [{ text: ANSWER }] }, finishReason: 'STOP' }],
  })
  const sse = await read(
    await simulator.fetch(generate({}, 'gemini-3.8-flash', 'streamGenerateContent?alt=sse')),
  )
  expect(sse.text).toContain('\r\n\r\n')
  expect(joined(eventsOf(sse.text), 'candidates.0.content.parts.0.text')).toBe(ANSWER)
})
