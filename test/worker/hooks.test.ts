import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { GatewayError } from '../../src/errors.ts'
import { hooked, hookedExplain } from '../../src/gateway/hooked.ts'
import type { Settled } from '../../src/gateway/types.ts'
import type { About, Hook } from '../../src/hooks/hook.ts'
import { hooks as table } from '../../src/hooks/index.ts'
import { composeFrom } from '../../src/services.ts'
import { createSimulator } from '../../simulator/index.ts'
import { chat, DEPLOYMENTS, GATEWAY, KEY_A, log, noHealth } from './support.ts'

function gateway(hooks: readonly Hook[], upstream?: (request: Request) => Response) {
  const simulator = createSimulator()
  const settled: Settled[] = []
  const bodies: string[] = []
  const services = composeFrom({
    variables: DEPLOYMENTS.gateway,
    file: {},
    timers: { now: Date.now, after: () => () => undefined },
    chance: { now: Date.now, random: Math.random },
    async fetch(request) {
      bodies.push(new TextDecoder().decode(await request.clone().arrayBuffer()))
      return upstream?.(request) ?? simulator.fetch(request)
    },
    healthObject: noHealth,
    responseShards: env.RESPONSES,
    hooks,
  })
  const app = createApp(() => ({ ...services, settled: (each) => void settled.push(each) }))
  return {
    services,
    settled,
    bodies,
    send: async (request: Request) => {
      const context = createExecutionContext()
      const response = await app.fetch(request, env, context)
      response.webSocket?.accept()
      const text = await response.text()
      await waitOnExecutionContext(context)
      return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : text }
    },
  }
}

describe('hooks', () => {
  test('without any, the gateway is what it would have been: nothing is wrapped', () => {
    const { gateway: bare, explain } = gateway([]).services
    expect(hooked(bare, [], () => undefined)).toBe(bare)
    expect(hookedExplain(explain, [])).toBe(explain)
  })

  test('a request that none rewrites is relayed byte for byte', async () => {
    const { send, bodies } = gateway([{ name: 'watch', request: () => ({ seen: 'yes' }) }])
    const raw = `{ "model":"gpt-4o-mini",  "temperature":1.50, "messages":[{"role":"user","content":"Hi"}] }`
    await send(
      new Request('https://gw.acme.dev/v1/chat/completions', {
        method: 'POST',
        body: raw,
        headers: { authorization: `Bearer ${KEY_A}`, 'content-type': 'application/json' },
      }),
    )
    expect(bodies).toEqual([raw])
  })

  test('one refuses', async () => {
    const refuse: Hook = {
      name: 'no-tools',
      request: ({ model }) => {
        throw new GatewayError('not_allowed', `No ${model} today.`, { retry: false })
      },
    }
    const { send, bodies } = gateway([refuse])
    expect(await send(chat())).toMatchObject({ status: 403, body: { error: { code: 'not_allowed' } } })
    expect(bodies).toEqual([])
  })

  test('one rewrites the typed request, and the upstream gets that, in JSON written anew', async () => {
    const brief: Hook = {
      name: 'brief',
      rewrite: { chat: async (request) => ({ ...request, max_completion_tokens: 7 }) },
    }
    const { send, bodies } = gateway([brief])
    expect((await send(chat({ temperature: 1 }))).status).toBe(200)
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({ max_completion_tokens: 7, temperature: 1 })
    const explained = await send(chat({}, { path: '/v1/explain' }))
    expect(explained.body.targets[0].bodies[0]).toMatchObject({ max_completion_tokens: 7 })
  })

  test('they see no credentials, and annotate answers and ends for the books', async () => {
    let seen: About | undefined
    const books: Hook = {
      name: 'books',
      request: (_, about) => {
        seen = about
        return { team: about.header('x-team') ?? 'none' }
      },
      answer: { chat: ({ choices }) => ({ finish: choices[0]?.finish_reason ?? 'none' }) },
      settled: ({ usage, tags }) => ({ used: String(usage !== undefined), again: tags?.['team'] ?? '' }),
    }
    const { send, settled } = gateway([books])
    await send(chat({}, { headers: { 'x-team': 'search' } }))
    expect(settled[0]?.tags).toEqual({ team: 'search', finish: 'stop', used: 'true', again: 'search' })
    for (const name of ['authorization', 'Authorization', 'x-api-key', 'api-key', 'cookie'])
      expect(seen?.header(name)).toBeUndefined()
    expect(JSON.stringify(seen)).not.toContain(KEY_A)
    await send(chat({ stream: true }))
    expect(settled[1]?.tags).toEqual({ team: 'none', used: expect.any(String), again: 'none' })
  })

  test('one that fails behind the answer costs its own tags alone, and says so', async () => {
    const broken: Hook = {
      name: 'broken',
      settled: () => {
        throw new Error('the books are closed')
      },
    }
    const { send, settled } = gateway([broken, { name: 'next', settled: () => ({ next: 'ok' }) }])
    expect((await send(chat())).status).toBe(200)
    expect(settled[0]?.tags).toEqual({ next: 'ok' })
    expect(log()).toContain("The hook 'broken' failed")
  })
})

describe('hooks around a session', () => {
  const session = (headers: Record<string, string> = {}): Request =>
    new Request(`${GATEWAY}/v1/realtime?model=gpt-realtime-2.1`, {
      headers: { upgrade: 'websocket', authorization: `Bearer ${KEY_A}`, ...headers },
    })
  /** Accepts, and hangs up at once. */
  function accept(): Response {
    const { 0: near, 1: far } = new WebSocketPair()
    far.accept()
    far.close(1000)
    return new Response(null, { status: 101, webSocket: near })
  }

  test('one refuses the handshake, in words, before the upstream is asked', async () => {
    const refuse: Hook = {
      name: 'no-sessions',
      request: ({ model }, { endpoint }) => {
        if (endpoint === 'realtime') throw new GatewayError('not_allowed', `No ${model} today.`)
        return undefined
      },
    }
    const { send, bodies, settled } = gateway([refuse], accept)
    const { status, body } = await send(session())
    expect({ status, body }).toMatchObject({
      status: 403,
      body: { error: { code: 'not_allowed', message: 'No gpt-realtime-2.1 today.' } },
    })
    expect(bodies).toEqual([])
    expect(settled).toMatchObject([{ finish: 'refused', error: { code: 'not_allowed' } }])
  })

  test('they tag it and its end for the books, header included', async () => {
    let seen: About | undefined
    const books: Hook = {
      name: 'books',
      request: (_, about) => {
        seen = about
        return { kind: about.endpoint }
      },
      settled: ({ finish, tags }) => ({ end: finish, again: tags?.['kind'] ?? '' }),
    }
    const { send, settled } = gateway([...table, books], accept)
    const { status } = await send(session({ 'x-gateway-tags': 'team=search' }))
    expect(status).toBe(101)
    expect(settled.map(({ tags }) => tags)).toEqual([
      { team: 'search', kind: 'realtime', end: 'complete', again: 'realtime' },
    ])
    expect(JSON.stringify(seen)).not.toContain(KEY_A)
  })

  test('a call is asked about with its session', async () => {
    const asked: unknown[] = []
    const watch: Hook = { name: 'watch', request: (request) => void asked.push(request) }
    const form = new FormData()
    form.set('sdp', 'v=0')
    form.set('session', JSON.stringify({ type: 'realtime', model: 'gpt-realtime-2.1' }))
    const offer = new Request(`${GATEWAY}/v1/realtime/calls`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Bearer ${KEY_A}` },
    })
    const { send } = gateway([watch], () => new Response('v=0', { status: 201 }))
    expect((await send(offer)).status).toBe(201)
    expect(asked).toEqual([
      { model: 'gpt-realtime-2.1', session: { type: 'realtime', model: 'gpt-realtime-2.1' } },
    ])
  })
})

describe('the metadata tagger', () => {
  const tagged = async (body: Readonly<Record<string, unknown>>, tags?: string) => {
    const { send, settled } = gateway(table)
    const result = await send(chat(body, { headers: tags === undefined ? {} : { 'x-gateway-tags': tags } }))
    return { ...result, tags: settled[0]?.tags }
  }
  test('takes tags from metadata and from the header, which wins', async () => {
    expect(
      (await tagged({ store: true, metadata: { team: 'search', env: 'dev' } }, 'env=prod, cost-centre=a=b'))
        .tags,
    ).toEqual({
      team: 'search',
      env: 'prod',
      'cost-centre': 'a=b',
    })
    expect((await tagged({})).tags).toBeUndefined()
  })
  test('H-11 leaves out metadata that makes no tag, and refuses a header that cannot be read', async () => {
    const { status, tags } = await tagged({
      store: true,
      metadata: { 'a b': 'x', long: 'x'.repeat(200), ok: 'y' },
    })
    expect({ status, tags }).toEqual({ status: 200, tags: { ok: 'y' } })
    for (const header of [
      'nothing',
      'a b=c',
      'a=',
      `a=${'x'.repeat(129)}`,
      Array.from({ length: 17 }, (_, i) => `t${i}=v`).join(','),
    ])
      expect(await tagged({}, header)).toMatchObject({
        status: 400,
        body: { error: { param: 'x-gateway-tags' } },
      })
  })
})
