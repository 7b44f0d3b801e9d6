import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Script } from '../../simulator/index.ts'
import { eventually } from '../support/eventually.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { rawPost } from '../support/raw.ts'

/** The faults of the fleet's simulation against the Worker in workerd, with the other provider well. */

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({
    variables: { GATEWAY_FAILOVER: 'equivalents' },
    simulator: { today: '2025-06-01' }, // before any of these models was shut down
  })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const AT_ONCE = 10
/** One model for each test: what health has learnt of one is no other's business. */
const ask = (model: string, openai: Script, more: { stream?: boolean; signal?: AbortSignal } = {}) => {
  const { stream = false, signal } = more
  const content = `hello there [[sim ${JSON.stringify({ openai })}]]`
  return fetch(`${gateway.origin}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content }] }),
    ...(signal && { signal }),
  })
}
const providerOf = (response: Response): string | null => response.headers.get('x-gateway-provider')

describe('a provider that goes down under load', () => {
  it.each<[string, string, Script]>([
    ['gpt-4o-mini', '503', { status: 503 }],
    ['gpt-4.1-mini', '500', { status: 500 }],
    ['gpt-4.1', 'connections refused', { drop: true }],
    ['gpt-4o', '502 of a gateway in between', { status: 502, nonJson: true }],
  ])('loses no request that the other can serve: %s, %s', async (model, _, fault) => {
    const answers: { readonly status: number; readonly provider: string | null }[] = []
    for (let batch = 0; batch < 15; batch++) {
      const ill = batch >= 3 && batch < 12
      const requests = Array.from({ length: AT_ONCE }, async (_, i) => {
        const response = await ask(model, ill ? fault : {}, { stream: i % 2 === 0 })
        const text = await response.text()
        answers.push({
          status: text.includes('"error"') ? 599 : response.status,
          provider: providerOf(response),
        })
      })
      await Promise.all(requests)
    }
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
    const served = answers.map(({ provider }) => provider)
    expect(served.slice(0, 3 * AT_ONCE)).toEqual(Array.from({ length: 3 * AT_ONCE }, () => 'openai'))
    expect(served.filter((provider) => provider === 'gemini').length).toBeGreaterThanOrEqual(9 * AT_ONCE)
  })
})

describe('a stream', () => {
  it('that fails before its first event falls over silently', async () => {
    const response = await ask('gpt-4.1-nano', { errorAfter: 0 }, { stream: true })
    expect(response.status).toBe(200)
    expect(providerOf(response)).toBe('gemini')
    expect(Number(response.headers.get('x-gateway-attempts'))).toBeGreaterThan(1)
    const text = await response.text()
    expect(text).not.toContain('"error"')
    expect(text).toContain('data: [DONE]')
  })

  it('that fails after it ends in an error frame, and in no success', async () => {
    const response = await ask(
      'gpt-4.1-nano',
      { text: 'one two three four five six', cutAfter: 4, gapMs: 20 },
      { stream: true },
    )
    expect(providerOf(response)).toBe('openai')
    const text = await response.text()
    expect(text).toContain('upstream_stream_interrupted')
    expect(text).not.toContain('[DONE]')
    expect(gateway.received).toHaveLength(1)
  })
})

/** More than any breaker forgives: three failures in a row shut an isolate's own. */
const LEAVERS = 12

describe('clients that leave', () => {
  const allAborted = () =>
    eventually('every upstream request is aborted', () => {
      const { received } = gateway
      return received.length === LEAVERS && received.every(({ abortedAt }) => abortedAt !== undefined)
    })

  it('while they wait stop the upstream, and count against nobody’s health', async () => {
    const content = `hi [[sim ${JSON.stringify({ openai: { latencyMs: 60_000 } })}]]`
    const body = { model: 'o3-mini', stream: true, messages: [{ role: 'user', content }] }
    const sockets = Array.from({ length: LEAVERS }, () =>
      rawPost(gateway.origin, '/v1/chat/completions', body),
    )
    await eventually('all have reached the provider', () => gateway.received.length === LEAVERS)
    for (const { socket } of sockets) socket.resetAndDestroy()
    await allAborted()
    expect(providerOf(await ask('o3-mini', {}))).toBe('openai')
  })

  it('in the middle of a stream do so too', async () => {
    for (let i = 0; i < LEAVERS; i++) {
      const controller = new AbortController()
      const { signal } = controller
      const goesOn = { text: 'word '.repeat(5_000), gapMs: 10 }
      const response = await ask('o4-mini', goesOn, { stream: true, signal })
      await response.body?.getReader().read()
      controller.abort()
    }
    await allAborted()
    expect(providerOf(await ask('o4-mini', {}))).toBe('openai')
  })
})
