import { expect, test } from 'vitest'
import { bench, chat, good } from './support.ts'

const BIG = 'x'.repeat(20 * 1_048_576)
const FIRST = `data: ${JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'gpt-4o-mini',
  choices: [{ index: 0, delta: { role: 'assistant', content: 'one' }, finish_reason: null }],
})}\n\n`

test('what a stream was asked with counts against the isolate until its last byte has left', async () => {
  const closers: (() => void)[] = []
  const gateway = bench({
    upstream: async (request) => {
      await request.arrayBuffer()
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(FIRST))
          closers.push(() => controller.close())
        },
      })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    },
  })
  const ask = async (): Promise<Response> =>
    gateway.fetch(chat({ ...good(), stream: true, messages: [{ role: 'user', content: BIG }] }))
  const two = [await ask(), await ask()]
  expect(two.map(({ status }) => status)).toEqual([200, 200])

  const third = await ask()
  expect(third.status).toBe(503)
  expect(await third.json()).toMatchObject({ error: { code: 'gateway_overloaded' } })

  const left = two[0]?.body?.cancel()
  closers[1]?.()
  await Promise.all([left, two[1]?.text()])
  await gateway.idle()
  const fourth = await ask()
  expect(fourth.status).toBe(200)
  closers[2]?.()
  await fourth.text()
  await gateway.idle()
})
