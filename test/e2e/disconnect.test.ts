import { APIUserAbortError, type OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Received, Script } from '../../simulator/index.ts'
import { eventually } from '../support/eventually.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'
import { rawPost } from '../support/raw.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const LIMIT_MS = 1_000
/** Longer than any test waits: only the client's leaving can end it. */
const NEVER_MS = 60_000

function arrived(): Promise<Received> {
  return eventually('the request reaches the provider', () => gateway.received[0])
}
/** How long after the client left the provider saw its own client, the gateway, hang up. */
async function abortedAfter(record: Received, leftAt: number): Promise<number> {
  return (await eventually('the upstream request is aborted', () => record.abortedAt, LIMIT_MS)) - leftAt
}

const GOES_ON: Script = { text: 'word '.repeat(5_000), gapMs: 20 }

const WAITS: readonly (readonly [when: string, stream: boolean, script: Script, bytesFirst: boolean])[] = [
  ['waiting for an answer', false, { latencyMs: NEVER_MS }, false],
  ['waiting for a stream', true, { latencyMs: NEVER_MS }, false],
  ['before the first meaningful event', true, { roleOnlyThenSilence: true }, false],
  ['in the middle of a stream', true, { stallAfter: 3 }, true],
  ['in the middle of a stream that goes on', true, GOES_ON, true],
]

describe.each(MODELS)('%s', (model) => {
  describe.each(WAITS)('%s', (_, stream, script, bytesFirst) => {
    it('a reset socket cancels the upstream', async () => {
      const messages = [user(scripted('one two three four', script))]
      const raw = rawPost(gateway.origin, '/v1/chat/completions', { model, stream, messages })
      const record = await arrived()
      if (bytesFirst) await eventually('the stream has begun', () => raw.text().includes('data: '))
      const leftAt = Date.now()
      raw.socket.resetAndDestroy()
      expect(await abortedAfter(record, leftAt)).toBeLessThan(LIMIT_MS)
    })
  })

  // Node closes an aborted connection in good order, which workerd notices only when it writes; Cloudflare's edge
  // passes every departure on (cloudflare.md 3.1). So this one needs a stream that goes on.
  it("the client's abort() cancels the upstream", async () => {
    const controller = new AbortController()
    const messages = [user(scripted('Go on', GOES_ON))]
    const stream = await client.chat.completions.create(
      { model, stream: true, messages },
      { signal: controller.signal },
    )
    let leftAt = 0
    for await (const chunk of stream) {
      if (!chunk.choices[0]?.delta.content || leftAt > 0) continue
      leftAt = Date.now()
      controller.abort()
    }
    expect(leftAt).toBeGreaterThan(0)
    expect(await abortedAfter(await arrived(), leftAt)).toBeLessThan(LIMIT_MS)
  })
})

it('an aborted call rejects with the class for it', async () => {
  const controller = new AbortController()
  const call = client.chat.completions.create(
    { model: 'gpt-4o-mini', messages: [user(scripted('Hi', { latencyMs: NEVER_MS }))] },
    { signal: controller.signal },
  )
  await arrived()
  controller.abort()
  await expect(call).rejects.toBeInstanceOf(APIUserAbortError)
})

it('leaving the loop over a stream cancels the upstream', async () => {
  const stream = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    stream: true,
    messages: [user(scripted('Go on', GOES_ON))],
  })
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break
  expect(await abortedAfter(await arrived(), Date.now())).toBeLessThan(LIMIT_MS)
})

it('a client that has left does not start another attempt', async () => {
  const messages = [user(scripted('Hi', { latencyMs: NEVER_MS }))]
  const raw = rawPost(gateway.origin, '/v1/chat/completions', { model: 'gpt-4o-mini', messages })
  const record = await arrived()
  raw.socket.resetAndDestroy()
  expect(await abortedAfter(record, Date.now())).toBeLessThan(LIMIT_MS)
  const after = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: [user('Still there?')],
  })
  expect(after.choices[0]?.message.content).toContain('Still there?')
  expect(gateway.received).toHaveLength(2)
})
