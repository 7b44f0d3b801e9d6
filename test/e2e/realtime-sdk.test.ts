import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket'
import type { RealtimeServerEvent } from 'openai/resources/realtime/realtime'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { openaiClient } from '../support/openai.ts'

const KEY = 'gw-realtime-sdk-key-1234567'
const ADMIN = 'operator-secret-of-the-tests-32-bytes'
const MODEL = 'gpt-realtime-2.1'
let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({
    variables: { ALLOW_ANONYMOUS: undefined, GATEWAY_KEYS: KEY, ADMIN_SECRET: ADMIN },
  })
})
afterAll(() => gateway.close())
beforeEach(() => {
  gateway.simulator.reset()
  vi.stubGlobal('WebSocket', Unencrypted)
})
afterEach(() => {
  vi.unstubAllGlobals()
})

/** The SDK insists on TLS, which a gateway under test does not have. */
class Unencrypted extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url.replace('wss:', 'ws:'), protocols)
  }
}

interface Talk {
  readonly client: OpenAIRealtimeWebSocket
  readonly errors: Error[]
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>
  next<T extends RealtimeServerEvent['type']>(
    this: void,
    type: T,
  ): Promise<Extract<RealtimeServerEvent, { type: T }>>
}

function talk(apiKey = KEY, model = MODEL): Talk {
  const client = new OpenAIRealtimeWebSocket(
    { model, dangerouslyAllowBrowser: true },
    openaiClient(gateway, { apiKey, organization: 'org-of-the-caller' }),
  )
  const errors: Error[] = []
  client.on('error', (error) => errors.push(error))
  const seen: RealtimeServerEvent[] = []
  let wake = (): void => undefined
  client.on('event', (event) => {
    seen.push(event)
    wake()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    client.socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
  })
  type Of<T> = Extract<RealtimeServerEvent, { type: T }>
  return {
    client,
    errors,
    closed,
    async next<T extends RealtimeServerEvent['type']>(type: T): Promise<Of<T>> {
      for (;;) {
        const found = seen.findIndex((event) => event.type === type)
        if (found >= 0) return seen.splice(0, found + 1)[found] as Of<T>
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

async function turn(
  { client, next }: Talk,
  text: string,
): Promise<{ readonly said: string; readonly input: number; readonly output: number }> {
  client.send({
    type: 'conversation.item.create',
    item: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  })
  client.send({ type: 'response.create' })
  const { text: said } = await next('response.output_text.done')
  const { response } = await next('response.done')
  expect(response.status).toBe('completed')
  return { said, input: response.usage?.input_tokens ?? 0, output: response.usage?.output_tokens ?? 0 }
}

const usage = async (query: string): Promise<unknown> => {
  const headers = { authorization: `Bearer ${ADMIN}` }
  const response = await fetch(`${gateway.origin}/admin/usage?${query}`, { headers })
  return ((await response.json()) as { data: unknown }).data
}

describe('[endpoint realtime events] [endpoint realtime usage] the realtime client of the SDK', () => {
  it('holds a session of several turns, whose tokens are booked at its end', async () => {
    const session = talk()
    expect(await session.next('session.created')).toMatchObject({ session: { model: MODEL } })
    session.client.send({
      type: 'session.update',
      session: { type: 'realtime', output_modalities: ['text'] },
    })
    await session.next('session.updated')
    const [one, two] = [await turn(session, 'Zoë 👋'), await turn(session, 'and once more')]
    expect([one.said, two.said]).toEqual(['You said: Zoë 👋', 'You said: and once more'])
    expect(Math.min(one.input, one.output, two.input, two.output)).toBeGreaterThan(0)
    session.client.close()
    expect(await session.closed).toEqual({ code: 1000, reason: 'OK' })
    expect(session.errors).toEqual([])
    expect(session.client.socket.protocol).toBe('realtime')
    const [received] = gateway.received
    expect(received?.key).toBe('sk-simulator')
    expect(JSON.stringify(received?.headers)).not.toMatch(/org-of-the-caller|gw-realtime/)
    await expect
      .poll(() => usage('endpoint=realtime&group_by=model'), {
        timeout: 12_000,
        interval: 250,
      })
      .toMatchObject([
        {
          model: MODEL,
          requests: 1,
          input_tokens: one.input + two.input,
          output_tokens: one.output + two.output,
        },
      ])
  })

  it('is told of an event that is wrong, and goes on', async () => {
    const session = talk()
    await session.next('session.created')
    session.client.send({ type: 'session.update', session: { type: 'transcription' } })
    const { error } = await session.next('error')
    expect(error).toMatchObject({ code: 'missing_required_parameter', type: 'invalid_request_error' })
    expect(session.errors).toMatchObject([{ error: { code: 'missing_required_parameter' } }])
    expect((await turn(session, 'still there')).said).toBe('You said: still there')
    session.client.close()
    await session.closed
  })

  it('sees the session end as the upstream ends it', async () => {
    const session = talk()
    await session.next('session.created')
    const end = { type: 'sim.close', code: 4003, reason: 'session expired' }
    session.client.socket.send(JSON.stringify(end))
    expect(await session.closed).toEqual({ code: 4003, reason: 'session expired' })
  })

  it.each([
    ['a wrong key', 'wrong-key', MODEL],
    ['a model that has no sessions', KEY, 'gpt-4o-mini'],
  ])('is refused with %s, and nothing is asked of the upstream', async (...[, key, model]) => {
    const session = talk(key, model)
    await session.closed
    expect(session.errors).toHaveLength(1)
    expect(gateway.received).toEqual([])
  })
})
