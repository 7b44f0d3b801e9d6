import { afterEach, expect, test, vi } from 'vitest'
import { createSimulator } from '../../../simulator/index.ts'
import type { Options, Simulator } from '../../../simulator/index.ts'
import { serve } from '../../../simulator/server.ts'
import type { Served } from '../../../simulator/server.ts'
import { at, dataOf, eventsOf, joined } from './support.ts'

let served: Served | undefined

afterEach(async () => {
  await served?.close()
  served = undefined
})

async function start(options: Options = {}): Promise<Simulator> {
  const simulator = createSimulator(options)
  served = await serve(simulator)
  return simulator
}

function post(path: string, text: string, stream = true, signal?: AbortSignal): Promise<Response> {
  return fetch(`${served?.origin}${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-good', 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4.1', stream, messages: [{ role: 'user', content: text }] }),
    ...(signal === undefined ? {} : { signal }),
  })
}

const CHAT = '/v1/chat/completions'

test('serves a stream, headers and all', async () => {
  await start()
  const response = await post(CHAT, 'Zoë 👋 [[sim {"byteByByte":true}]]')
  expect(response.headers.getSetCookie()).toHaveLength(1)
  expect(joined(eventsOf(await response.text()), 'choices.0.delta.content')).toBe('You said: Zoë 👋')
})

test('resets the connection where the script cuts', async () => {
  await start()
  const response = await post(CHAT, '[[sim {"cutAfter":2}]]')
  expect(response.status).toBe(200)
  await expect(response.text()).rejects.toThrow('terminated')
  await expect(post(CHAT, '[[sim {"drop":true}]]')).rejects.toThrow('fetch failed')
  await expect(post(CHAT, '[[sim {"cutAfter":1}]]', false).then((whole) => whole.text())).rejects.toThrow(
    'terminated',
  )
})

test('notices a client that hangs up in the middle of a stream', async () => {
  const simulator = await start()
  const hangUp = new AbortController()
  const response = await post(CHAT, '[[sim {"stallAfter":1}]]', true, hangUp.signal)
  await response.body?.getReader().read()
  hangUp.abort()
  await vi.waitFor(() =>
    expect(simulator.received).toMatchObject([{ aborted: true, complete: false, events: 1 }]),
  )
})

test('notices a client that hangs up before any answer', async () => {
  let asked: AbortSignal | undefined
  const wait: Options['wait'] = (_ms, signal) => {
    asked = signal
    return new Promise((_resolve, reject) =>
      signal?.addEventListener('abort', () => reject(new Error('gone'))),
    )
  }
  const simulator = await start({ wait })
  const hangUp = new AbortController()
  const answered = post(CHAT, '[[sim {"latencyMs":60000}]]', true, hangUp.signal)
  await vi.waitFor(() => expect(asked).toBeDefined())
  hangUp.abort()
  await expect(answered).rejects.toThrow('aborted')
  await vi.waitFor(() => expect(simulator.received).toMatchObject([{ aborted: true, status: undefined }]))
})

test('holds back while the client does not read', async () => {
  const simulator = await start()
  const events = JSON.stringify(Array.from({ length: 200 }, () => ({ pad: 'x'.repeat(100_000) })))
  simulator.rules([{ do: { events: JSON.parse(events) as [] } }])
  const response = await post(CHAT, 'hi')
  const reader = response.body?.getReader()
  await reader?.read()
  await vi.waitFor(() => expect(simulator.received[0]?.events).toBeGreaterThan(5))
  // 20 MB were asked for; what the socket's and fetch's buffers hold is far less.
  expect(simulator.received[0]?.events).toBeLessThan(190)
  await reader?.cancel()
  await vi.waitFor(() => expect(simulator.received).toMatchObject([{ aborted: true }]))
})

test('canned answers, whole, in bursts and paced', async () => {
  const waits: number[] = []
  const simulator = await start({ wait: async (ms) => void waits.push(ms) })
  const whole = (await (await post('/canned/v1/chat/completions', 'hi', false)).json()) as unknown
  expect(at(whole, 'choices.0.finish_reason')).toBe('stop')
  const stream = await (await post('/canned/v1/chat/completions', 'hi')).text()
  expect(dataOf(stream)).toHaveLength(100)
  expect(waits).toEqual([])
  const paced = await fetch(
    `${served?.origin}/canned/v1beta/models/x-paced10:streamGenerateContent?alt=sse`,
    { method: 'POST', body: '{}' },
  )
  expect(eventsOf(await paced.text())).toHaveLength(100)
  expect(waits).toEqual(Array.from({ length: 99 }, () => 10))
  expect(simulator.received).toEqual([])
})

test('canned everywhere when told to', async () => {
  await start({ canned: true })
  expect(dataOf(await (await post(CHAT, 'hi')).text())).toHaveLength(100)
})
