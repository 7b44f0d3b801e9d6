import { describe, expect, test } from 'vitest'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Script } from '../../simulator/index.ts'
import { bench, chat, fakeTimers, good, scripted } from './support.ts'

/** More than any breaker would bear, were they faults of the upstream. */
const MANY = 20

const chunk = (delta: object): string =>
  JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, delta, finish_reason: null }],
  })
const CHUNKS = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'one' }),
  chunk({ content: 'two' }),
]
const RATE_LIMIT = JSON.stringify({
  error: { message: 'Rate limit reached.', type: 'requests', code: 'rate_limit_exceeded', param: null },
})

const ROUTES: ConfigInput = {
  routes: {
    both: { strategy: 'weighted', targets: [{ model: 'gpt-4o-mini' }, { model: 'gpt-4.1', priority: 1 }] },
    google: {
      strategy: 'weighted',
      targets: [{ model: 'gemini-2.5-pro' }, { model: 'gpt-4.1', priority: 1 }],
    },
    spent: {
      strategy: 'weighted',
      targets: [{ model: 'gemini-2.5-flash-lite' }, { model: 'gpt-4.1', priority: 1 }],
    },
  },
}

function gatewayOf() {
  const timers = fakeTimers()
  const gateway = bench({ timers, config: ROUTES })
  const servedBy = async (model: string): Promise<string | null> =>
    (await gateway.fetch(chat({ ...good(), model }))).headers.get('x-gateway-model')
  /** Many streams at once, read to their ends. */
  async function many(script: Script, headers: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const text = 'one two three four five six seven eight'
    const streams = Array.from({ length: MANY }, async () => {
      const asked = scripted({ text, ...script }, { model: 'gpt-4o-mini', stream: true }, { headers })
      return (await gateway.fetch(asked)).text()
    })
    await timers.advance(1_200) // less than any breaker stays open
    const texts = await Promise.all(streams)
    await gateway.idle()
    return texts
  }
  return { timers, gateway, servedBy, many }
}

describe('what breaks a stream that has begun', () => {
  test("counts for nothing if it was the caller's own time limit", async () => {
    const { servedBy, many } = gatewayOf()
    for (const text of await many({ gapMs: 400 }, { 'x-gateway-timeout-ms': '1000' }))
      expect(text).toContain('upstream_timeout')
    expect(await servedBy('both')).toBe('gpt-4o-mini-2024-07-18')
  })

  test('shuts the gate and is no ill health if it was a rate limit', async () => {
    const { timers, gateway, servedBy, many } = gatewayOf()
    for (const text of await many({ events: [...CHUNKS, RATE_LIMIT], gapMs: 100 }))
      expect(text).toMatch(/"content":"[^]*rate_limit_exceeded/)
    const traced = await gateway.fetch(
      chat({ ...good(), model: 'both' }, { headers: { 'x-gateway-trace': 'true' } }),
    )
    expect(traced.headers.get('x-gateway-trace')).toContain('rate_limited')
    expect(traced.headers.get('x-gateway-model')).toBe('gpt-4.1-2025-04-14')
    await timers.advance(120_000)
    expect(await servedBy('both')).toBe('gpt-4o-mini-2024-07-18')
  })

  test('counts if it was the upstream', async () => {
    const { servedBy, many } = gatewayOf()
    for (const text of await many({ cutAfter: 3, gapMs: 100 }))
      expect(text).toContain('upstream_stream_interrupted')
    expect(await servedBy('both')).toBe('gpt-4.1-2025-04-14')
  })
})

test("Google's daily quota rests one model until it returns, and no other", async () => {
  const { gateway, servedBy } = gatewayOf()
  await gateway.fetch(scripted({ error: 'per_day' }, { model: 'spent' }))
  await gateway.idle()
  expect(await servedBy('google')).toBe('gemini-2.5-pro')
  expect(await servedBy('spent')).toBe('gpt-4.1-2025-04-14')
})
