import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { createApp } from '../../src/app.ts'
import { randomBase62 } from '../../src/keys/base62.ts'
import { mintKey } from '../../src/keys/key.ts'
import type { NewKey } from '../../src/keys/object/key-input.ts'
import { liveServices } from '../../src/live-services.ts'
import type { Parts } from '../../src/services.ts'
import { createSimulator } from '../../simulator/index.ts'
import { chat, GATEWAY, noHealth, SECRET } from './support.ts'

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
  const simulator = createSimulator({ today: '2020-01-01' })
  const timers = skippingTimers()
  const parts: Parts = {
    variables: { ...VARIABLES, RUNTIME_CONFIG: undefined },
    file: {},
    timers,
    chance: { now: timers.now, random: Math.random },
    fetch: (request) => {
      received.push(request.clone())
      return simulator.fetch(request)
    },
    healthObject: noHealth,
    responseShards: env.RESPONSES,
    adminObject: () => env.ADMIN.getByName(name),
    keyBindings: { KEYS: env.KEYS, KEY_INDEX: env.KEY_INDEX },
    ...more,
  }
  return {
    received,
    log: env.ADMIN.getByName(name),
    skip: timers.skip,
    isolate: () => isolate(parts, timers),
  }
}

/** Real time, that a test can hurry along: what falls due on the way is done. */
function skippingTimers() {
  let skew = 0
  const pending = new Set<{ readonly at: number; readonly run: () => void }>()
  const now = () => Date.now() + skew
  return {
    now,
    after(ms: number, work: () => void) {
      const id = setTimeout(() => entry.run(), ms)
      const stop = () => {
        clearTimeout(id)
        pending.delete(entry)
      }
      const entry = {
        at: now() + ms,
        run() {
          stop()
          work()
        },
      }
      pending.add(entry)
      return stop
    },
    skip: (ms: number): void => {
      skew += ms
      for (const entry of pending) if (entry.at <= now()) entry.run()
    },
  }
}

function isolate(parts: Parts, { skip }: { readonly skip: (ms: number) => void }) {
  const live = liveServices(parts)
  const app = createApp((_, defer) => live(defer))
  const contexts: ExecutionContext[] = []
  async function open(request: Request): Promise<Response> {
    const context = createExecutionContext()
    contexts.push(context)
    return app.fetch(request, env, context)
  }
  async function send(request: Request): Promise<Answer> {
    const response = await open(request)
    const text = await response.text()
    return { status: response.status, text, body: parsed(text), headers: response.headers }
  }
  /** Hurries along what goes on behind the answers until it is done. */
  async function idle(): Promise<void> {
    const work = { done: false }
    const all = Promise.all(contexts.splice(0).map(waitOnExecutionContext)).then(() => {
      work.done = true
    })
    while (!work.done) {
      skip(500)
      await new Promise((resolve) => {
        setTimeout(resolve, 2)
      })
    }
    await all
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
    open,
    send,
    idle,
    admin,
    ask: (key: string, body: object = {}, headers: Readonly<Record<string, string>> = {}) =>
      send(chat({ ...body }, { key, headers })),
    get: (key: string, path: string) =>
      send(new Request(GATEWAY + path, { headers: { authorization: `Bearer ${key}` } })),
    made: async (input: Partial<NewKey> = {}): Promise<{ readonly key: string; readonly id: string }> => {
      const { status, body, text } = await admin('POST', '/keys', { name: 'a key', ...input })
      if (status !== 201) throw new Error(text)
      return body
    },
    usage: async (id: string): Promise<Json> => {
      await idle()
      return (await admin('GET', `/keys/${id}/usage`)).body
    },
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
