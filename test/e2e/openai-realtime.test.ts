import { request } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { openaiClient } from '../support/openai.ts'

const KEY = 'gw-realtime-test-key-123456'
let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({ variables: { ALLOW_ANONYMOUS: undefined, GATEWAY_KEYS: KEY } })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const MODEL = 'gpt-realtime-2.1'
const url = (model = MODEL): string => `${gateway.origin.replace('http', 'ws')}/v1/realtime?model=${model}`

interface Talk {
  readonly socket: WebSocket
  readonly events: Record<string, unknown>[]
  readonly binary: ArrayBuffer[]
  readonly closed: Promise<{ code: number; reason: string }>
  until(type: string): Promise<Record<string, unknown>>
  send(event: object): void
}

async function open(protocols = ['realtime', `openai-insecure-api-key.${KEY}`]): Promise<Talk> {
  const socket = new WebSocket(url(), protocols)
  socket.binaryType = 'arraybuffer'
  const events: Record<string, unknown>[] = []
  const binary: ArrayBuffer[] = []
  let wake = (): void => undefined
  socket.addEventListener('message', ({ data }) => {
    if (typeof data === 'string') events.push(JSON.parse(data) as Record<string, unknown>)
    else binary.push(data as ArrayBuffer)
    wake()
  })
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }))
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('refused')))
  })
  return {
    socket,
    events,
    binary,
    closed,
    send: (event) => socket.send(JSON.stringify(event)),
    async until(type) {
      for (;;) {
        const found = events.find((event) => event['type'] === type)
        if (found !== undefined) return found
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** A handshake as text, for the answers that a WebSocket client does not show. */
function handshake(
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: string; headers: NodeJS.Dict<string | string[]> }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${gateway.origin}${path}`, { headers })
    sent.on('response', (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }))
    })
    sent.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: response.statusCode ?? 0, body: '', headers: response.headers })
    })
    sent.on('error', reject)
    sent.end()
  })
}
const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
}

describe('a session', () => {
  it('[endpoint realtime events] passes both ways, and its key goes no further', async () => {
    const talk = await open()
    expect(talk.socket.protocol).toBe('realtime')
    await talk.until('session.created')
    talk.send({ type: 'session.update', session: { type: 'realtime', output_modalities: ['text'] } })
    await talk.until('session.updated')
    talk.send({
      type: 'conversation.item.create',
      item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Zoë 👋' }] },
    })
    talk.send({ type: 'response.create' })
    const done = await talk.until('response.done')
    expect(done).toMatchObject({ response: { status: 'completed', usage: { input_tokens: 2 } } })
    expect(talk.events.flatMap(({ delta }) => (typeof delta === 'string' ? [delta] : [])).join('')).toBe(
      'You said: Zoë 👋',
    )
    talk.socket.close()
    await talk.closed
    const [received] = gateway.received
    expect(received?.key).toBe('sk-simulator')
    expect(JSON.stringify(received?.headers)).not.toContain(KEY)
    expect(received?.query).toBe(`?model=${MODEL}`)
  })

  it('[endpoint realtime binary] passes binary frames and long ones as they came', async () => {
    const talk = await open()
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7)
    talk.socket.send(bytes)
    talk.send({ type: 'input_audio_buffer.append', audio: 'A'.repeat(900_000) })
    talk.send({ type: 'response.create' })
    await talk.until('response.done')
    expect(talk.binary).toHaveLength(1)
    expect(Buffer.from(talk.binary[0] ?? new ArrayBuffer()).equals(Buffer.from(bytes))).toBe(true)
    talk.socket.close()
  })

  it('[endpoint realtime close] ends with the code and the reason that the other side gave', async () => {
    const talk = await open()
    talk.send({ type: 'sim.close', code: 4003, reason: 'session expired' })
    expect(await talk.closed).toEqual({ code: 4003, reason: 'session expired' })
  })

  it('[endpoint realtime beta] drops what is left of the beta', async () => {
    const talk = await open(['realtime', `openai-insecure-api-key.${KEY}`, 'openai-beta.realtime-v1'])
    expect(await talk.until('session.created')).toMatchObject({ session: { model: MODEL } })
    talk.socket.close()
  })
})

describe('a handshake', () => {
  const path = `/v1/realtime?model=${MODEL}`
  const bearer = { authorization: `Bearer ${KEY}` }

  it('[endpoint realtime subprotocols] W-04 takes the key in a header too, and selects no protocol that was not offered', async () => {
    const { status, headers } = await handshake(path, { ...UPGRADE, ...bearer })
    expect(status).toBe(101)
    expect(headers['sec-websocket-protocol']).toBeUndefined()
  })

  it('[endpoint realtime upgrade] W-10 without an upgrade is told to', async () => {
    // The runtime keeps the `upgrade` header of the answer to itself.
    const { status, body } = await handshake(path, bearer)
    expect(status).toBe(426)
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'upgrade_required' } })
  })

  it.each([
    ['no key', path, {}, 401, 'invalid_api_key'],
    ['a wrong key', path, { authorization: 'Bearer wrong-key' }, 401, 'invalid_api_key'],
    [
      'a wrong key as a protocol',
      path,
      { 'sec-websocket-protocol': 'realtime, openai-insecure-api-key.wrong' },
      401,
      'invalid_api_key',
    ],
    ['no model', '/v1/realtime', bearer, 400, 'missing_required_parameter'],
    ['a model that has no sessions', '/v1/realtime?model=gpt-4o-mini', bearer, 404, 'model_not_found'],
    [
      'a model of a provider without sessions',
      '/v1/realtime?model=gemini-3.8-live',
      bearer,
      404,
      'model_not_found',
    ],
    ['a model that is gone', '/v1/realtime?model=gpt-4o-realtime-preview', bearer, 404, 'model_not_found'],
    ['a page that may not call', path, { ...bearer, origin: 'https://evil.example' }, 403, 'not_allowed'],
  ])(
    '[endpoint realtime handshake] W-01 with %s is refused in words',
    async (...[, at, headers, status, code]) => {
      const refused = await handshake(at, { ...UPGRADE, ...headers } as Record<string, string>)
      expect(refused.status).toBe(status)
      expect(JSON.parse(refused.body)).toMatchObject({ error: { code } })
      expect(refused.headers['x-request-id']).toMatch(/^req_/)
    },
  )
})

it('[endpoint realtime client_secrets] relays client secrets', async () => {
  const client = openaiClient(gateway, { apiKey: KEY })
  const { value, session } = await client.realtime.clientSecrets.create({
    expires_after: { anchor: 'created_at', seconds: 60 },
    session: { type: 'realtime', model: `openai/${MODEL}` },
  })
  expect(value).toMatch(/^ek_/)
  expect(session).toMatchObject({ model: MODEL })
})

describe('[endpoint realtime calls] a call of a browser', () => {
  const OFFER = 'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n'
  const call = (body: FormData | string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.origin}/v1/realtime/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, ...headers },
      body,
    })

  it('is begun by a form with its session', async () => {
    const form = new FormData()
    form.set('sdp', OFFER)
    form.set('session', JSON.stringify({ type: 'realtime', model: `openai/${MODEL}` }))
    const response = await call(form)
    expect(response.status).toBe(201)
    expect(response.headers.get('content-type')).toBe('application/sdp')
    expect(response.headers.get('location')).toMatch(/^\/v1\/realtime\/calls\/rtc_/)
    expect(await response.text()).toContain(`answer to ${OFFER.length} bytes`)
    expect(gateway.received[0]?.json).toMatchObject({
      session: JSON.stringify({ type: 'realtime', model: MODEL }),
    })
  })

  it('is begun by an offer alone', async () => {
    expect((await call(OFFER, { 'content-type': 'application/sdp' })).status).toBe(201)
    expect(gateway.received[0]?.body).toBe(OFFER)
  })

  it('is refused in words', async () => {
    const refused = await call('not an offer', { 'content-type': 'application/sdp' })
    expect(refused.status).toBe(400)
    expect(await refused.json()).toMatchObject({ error: { param: 'sdp' } })
    expect((await call('{}', { 'content-type': 'application/json' })).status).toBe(415)
  })
})
