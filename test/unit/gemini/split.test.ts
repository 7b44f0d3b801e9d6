import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { translateSink } from '../../../src/gateway/attempt/sinks.ts'
import { relay } from '../../../src/lib/sse.ts'
import { chat } from '../../../src/protocol/chat-endpoint.ts'
import { gemini } from '../../../src/providers/gemini/index.ts'
import { FakeTimers } from '../support/clock.ts'
import { chat as request, contextFor, END, event, tool } from './support.ts'

const codec = gemini.codecs.chat
const encoder = new TextEncoder()

/** What the client gets when Google's bytes come in these pieces. */
async function received(pieces: readonly Uint8Array[]): Promise<string> {
  if (codec?.kind !== 'translation' || codec.events === undefined) throw new Error('Gemini has no stream.')
  const asked = request({ stream: true, tools: [tool('f')], include_reasoning: true })
  const decoder = codec.events(asked, contextFor())
  const upstream = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece)
      controller.close()
    },
  })
  const stream = relay(upstream, translateSink(chat, asked, { observer: chat.observe(asked) }, decoder), {
    timers: new FakeTimers(),
    stallMs: 30_000,
    keepAliveMs: 10_000,
    maxEventChars: 100_000,
    stalled: () => new Error('stalled'),
    errorFrame: () => 'data: {"error":"broken"}\n\n',
    onCancel: () => undefined,
  })
  await stream.start()
  return new Response(stream.body).text()
}

const part = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => ({ text })),
  fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => ({ text, thought: true })),
  fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .map((text) => ({ functionCall: { name: 'f', args: { text } }, thoughtSignature: 'c2ln' })),
)
const answers = fc.array(fc.array(part, { maxLength: 3 }), { maxLength: 5 })

test('[gemini-trap 18] any split of Google’s bytes gives the same bytes to the client', async () => {
  await fc.assert(
    fc.asyncProperty(
      answers,
      fc.constantFrom('\n', '\r\n'),
      fc.boolean(),
      fc.array(fc.nat(), { maxLength: 20 }),
      async (list, eol, finished, cuts) => {
        const events = [event([{ text: 'It begins. 👋' }]), ...list.map((parts) => event(parts))]
        const text = [...events, ...(finished ? [END] : [])]
          .map((each) => `data: ${JSON.stringify(each)}${eol}${eol}`)
          .join('')
        const bytes = encoder.encode(text)
        const places = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b)
        const pieces = [...places, bytes.length].map((to, i) => bytes.slice(i === 0 ? 0 : places[i - 1], to))
        const whole = await received([bytes])
        expect(await received(pieces)).toBe(whole)
        expect(whole.endsWith(finished ? 'data: [DONE]\n\n' : 'data: {"error":"broken"}\n\n')).toBe(true)
      },
    ),
    { numRuns: 150 },
  )
})

test('[gemini-trap 18] cut at every byte', async () => {
  const text = `data: ${JSON.stringify(event([{ text: 'Grüße 👋' }]))}\r\n\r\ndata: ${JSON.stringify(END)}\r\n\r\n`
  const bytes = encoder.encode(text)
  const whole = await received([bytes])
  for (let at = 1; at < bytes.length; at++) {
    expect(await received([bytes.slice(0, at), bytes.slice(at)])).toBe(whole)
  }
  expect(await received([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(whole)
})
