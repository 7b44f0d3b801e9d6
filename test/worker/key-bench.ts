import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createApp } from '../../src/app.ts'
import { randomBase62 } from '../../src/keys/base62.ts'
import { mintKey } from '../../src/keys/key.ts'
import type { NewKey } from '../../src/keys/key-input.ts'
import { liveServices } from '../../src/live-services.ts'
import type { Parts } from '../../src/services.ts'
import { createSimulator } from '../../simulator/index.ts'
import { chat, GATEWAY, SECRET } from './support.ts'

export const ADMIN = 'canary-admin-secret-0123456789abcdef'
export const GATEWAY_KEY = 'gwkey-canary-tenant-a-7f3e19'
export const VARIABLES = {
  OPENAI_BASE_URL: 'https://openai.upstream.test/v1',
  GEMINI_BASE_URL: 'https://gemini.upstream.test',
  OPENAI_API_KEY: 'sk-simulator',
  GEMINI_API_KEY: 'AIzaSimulator',
  GATEWAY_KEYS: GATEWAY_KEY,
  GATEWAY_SECRET: SECRET,
  ADMIN_SECRET: ADMIN,
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a test expects of it is what it says
export type Json = any

export interface Answer {
  readonly status: number
  readonly body: Json
  readonly text: string
  readonly headers: Headers
}

let names = 0

/** A deployment with virtual keys over real objects, and isolates over it as many as a test wants. */
export function deployment(more: Partial<Parts> = {}) {
  const received: Request[] = []
  const name = `admin-${names++}`
  let skew = 0
  const simulator = createSimulator({ today: '2020-01-01' })
  const timers = {
    now: () => Date.now() + skew,
    after(ms: number, work: () => void) {
      const id = setTimeout(work, ms)
      return () => clearTimeout(id)
    },
  }
  const away = () => Promise.reject(new Error('away'))
  const parts: Parts = {
    variables: { ...VARIABLES, RUNTIME_CONFIG: undefined },
    file: {},
    timers,
    chance: { now: timers.now, random: Math.random },
    fetch: (request) => {
      received.push(request.clone())
      return simulator.fetch(request)
    },
    healthObject: () => ({ report: away, snapshot: away, ensureTick: away }),
    responseShards: env.RESPONSES,
    adminObject: () => env.ADMIN.getByName(name),
    keyBindings: { KEYS: env.KEYS, KEY_INDEX: env.KEY_INDEX },
    ...more,
  }
  return {
    received,
    log: env.ADMIN.getByName(name),
    skip: (ms: number) => void (skew += ms),
    isolate: () => isolate(parts),
  }
}

function isolate(parts: Parts) {
  const live = liveServices(parts)
  const app = createApp((_, defer) => live(defer))
  /** Waits for everything behind the answer, unless `open`. */
  async function send(request: Request): Promise<Answer> {
    const context = createExecutionContext()
    const response = await app.fetch(request, env, context)
    const text = await response.text()
    await waitOnExecutionContext(context)
    return { status: response.status, text, body: parsed(text), headers: response.headers }
  }
  async function admin(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    return send(
      new Request(`${GATEWAY}/admin${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    )
  }
  return {
    app,
    send,
    admin,
    ask: (key: string, body: object = {}, headers: Readonly<Record<string, string>> = {}) =>
      send(chat({ ...body }, { key, headers })),
    get: (key: string, path: string) =>
      send(new Request(GATEWAY + path, { headers: { authorization: `Bearer ${key}` } })),
    async made(input: Partial<NewKey> = {}): Promise<{ readonly key: string; readonly id: string }> {
      const { status, body, text } = await admin('POST', '/keys', { name: 'a key', ...input })
      if (status !== 201) throw new Error(text)
      return body
    },
    usage: async (id: string): Promise<Json> => (await admin('GET', `/keys/${id}/usage`)).body,
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const bytes = (count: number) => crypto.getRandomValues(new Uint8Array(count))
/** A well-formed key that nobody has made; with `kid` of one that somebody has. */
export const strangeKey = (kid = randomBase62(10, bytes)): string => mintKey('live', kid, bytes)
