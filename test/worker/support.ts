import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env as bindings } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { createApp } from '../../src/app.ts'
import type { KeyValueStore } from '../../src/cache/ports.ts'
import type { ConfigInput } from '../../src/config/schema.ts'
import type { Settled } from '../../src/gateway/types.ts'
import type { Timers } from '../../src/lib/clock.ts'
import type { HealthObject } from '../../src/health/ports.ts'
import { newObject } from '../../src/health/registry-state.ts'
import { step } from '../../src/health/registry-step.ts'
import { snapshotOf } from '../../src/health/snapshot.ts'
import { servicesFor } from '../../src/live-services.ts'
import { composeFrom, type Services } from '../../src/services.ts'
import { createSimulator, type Received, type Script, type Simulator } from '../../simulator/index.ts'

export const GATEWAY = 'https://gw.acme.dev'
export const OPENAI_HOST = 'openai.upstream.test'
export const GEMINI_HOST = 'gemini.upstream.test'

/** Secrets, and a prompt, that must appear nowhere but where they belong. */
export const KEY_A = 'gwkey-canary-tenant-a-7f3e19'
export const KEY_B = 'gwkey-canary-tenant-b-92c0d4'
export const OPENAI_KEY = 'sk-canary-operator-openai-51ab'
export const GEMINI_KEY = 'AIzaCanaryOperatorGemini77xz'
export const SECRET = 'canary-gateway-secret-0123456789abcdef'
export const PROMPT = 'canary-prompt-the-otter-swims-at-noon'
const CANARIES = [KEY_A, KEY_B, OPENAI_KEY, GEMINI_KEY, SECRET, PROMPT, OPENAI_HOST, GEMINI_HOST]

const UPSTREAMS = {
  OPENAI_BASE_URL: `https://${OPENAI_HOST}/v1`,
  GEMINI_BASE_URL: `https://${GEMINI_HOST}`,
}
const PROVIDER_KEYS = { OPENAI_API_KEY: OPENAI_KEY, GEMINI_API_KEY: GEMINI_KEY }

/** The four ways to deploy a gateway, as variables. */
export const DEPLOYMENTS = {
  gateway: { ...UPSTREAMS, ...PROVIDER_KEYS, GATEWAY_KEYS: KEY_A },
  tenants: { ...UPSTREAMS, ...PROVIDER_KEYS, GATEWAY_KEYS: `${KEY_A}, ${KEY_B}`, GATEWAY_SECRET: SECRET },
  anonymous: { ...UPSTREAMS, ...PROVIDER_KEYS, ALLOW_ANONYMOUS: 'true' },
  closed: { ...UPSTREAMS, ...PROVIDER_KEYS },
  client: UPSTREAMS,
} as const

export type Variables = Readonly<Record<string, string>>

export interface Bench {
  readonly simulator: Simulator
  readonly received: readonly Received[]
  /** Hosts other than the upstreams that something tried to reach. */
  readonly strays: string[]
  readonly settled: Settled[]
  readonly fetch: (request: Request) => Promise<Response>
  /** Everything deferred behind the answers so far. */
  idle(): Promise<void>
}

interface Options {
  readonly variables?: Variables
  /** Own configuration or own time need ports of their own; without either the real composition root serves. */
  readonly config?: ConfigInput
  readonly timers?: FakeTimers
  /** Where answers are kept, besides this isolate. */
  readonly kv?: KeyValueStore
  /** In place of one that works. */
  readonly healthObject?: () => HealthObject
  /** Answers in place of the simulator. */
  readonly upstream?: (this: void, request: Request) => Promise<Response> | Response
}

let printed: string[] = []

beforeEach(() => {
  printed = []
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, method).mockImplementation((...args: unknown[]) => {
      printed.push(args.map(String).join(' '))
    })
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** What has been written to the log since the test began. */
export const log = (): string => printed.join('\n')

export function bench({
  variables = DEPLOYMENTS.gateway,
  config,
  timers,
  kv,
  healthObject: health,
  upstream,
}: Options = {}): Bench {
  const simulator = createSimulator({
    today: '2020-01-01', // every model lives upstream; what the gateway thinks of its age is another matter
    ...(timers && { now: () => timers.now(), wait: (ms, signal) => timers.wait(ms, signal) }),
  })
  const strays: string[] = []
  const settled: Settled[] = []
  const send = async (request: Request): Promise<Response> => {
    const { host } = new URL(request.url)
    if (host === OPENAI_HOST || host === GEMINI_HOST)
      return upstream === undefined ? simulator.fetch(request) : upstream(request)
    strays.push(host)
    throw new TypeError('no such host')
  }
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) => send(new Request(input, init)))
  const object = healthObject(timers ?? REAL_TIMERS)
  const env = {
    ...variables,
    HEALTH: { getByName: () => object },
    CACHE: kv,
    RESPONSES: bindings.RESPONSES,
  } as unknown as Env
  const own =
    config === undefined && timers === undefined
      ? undefined
      : compose(variables, { config, timers, kv, health, send })
  const composed = own ?? servicesFor(env, () => undefined)
  if (composed instanceof Promise) throw new Error('there is no runtime configuration to wait for')
  const settle = (each: Settled): void => void settled.push(each)
  const services: Services = { ...composed, begin: () => undefined, settled: settle }
  const app = createApp(() => services)
  const contexts: ExecutionContext[] = []
  return {
    simulator,
    received: simulator.received,
    strays,
    settled,
    async fetch(request) {
      const context = createExecutionContext()
      contexts.push(context)
      return app.fetch(request, env, context)
    },
    async idle() {
      for (const context of contexts.splice(0)) await waitOnExecutionContext(context)
    },
  }
}

const away = (): Promise<never> => Promise.reject(new Error('away'))
/** The health object out of reach: an isolate decides on its own. */
export const noHealth = (): HealthObject => ({ report: away, snapshot: away, ensureTick: away })

function compose(
  variables: Variables,
  {
    config: input = {},
    timers: fake,
    kv,
    health,
    send,
  }: {
    readonly config: ConfigInput | undefined
    readonly timers: FakeTimers | undefined
    readonly kv: KeyValueStore | undefined
    readonly health: (() => HealthObject) | undefined
    readonly send: (request: Request) => Promise<Response>
  },
): Services {
  const timers = fake ?? REAL_TIMERS
  const object = healthObject(timers)
  return composeFrom({
    variables,
    file: input,
    timers,
    chance: { now: () => timers.now(), random: () => Math.random() },
    fetch: send,
    healthObject: health ?? (() => object),
    kv,
    responseShards: bindings.RESPONSES,
  })
}
/** A health object in this process: the real reducer without its shell. */
export function healthObject(timers: Timers): HealthObject {
  let state = newObject(timers.now())
  return {
    report(report) {
      const { state: next, effects } = step(state, { kind: 'report', report }, timers.now(), Math.random)
      state = next
      const reply = effects.find((effect) => effect.kind === 'reply')?.reply
      return reply === undefined ? Promise.reject(new Error('no reply')) : Promise.resolve(reply)
    },
    snapshot: () =>
      Promise.resolve({ snapshot: snapshotOf(state, timers.now()), checkedAt: 0, nextCheckAt: undefined }),
    ensureTick: () => Promise.reject(new Error('there is no alarm here')),
  }
}

const REAL_TIMERS: Timers = {
  now: () => Date.now(),
  after(ms, work) {
    const id = setTimeout(work, ms)
    return () => clearTimeout(id)
  },
}

export interface FakeTimers extends Timers {
  wait(ms: number, signal?: AbortSignal): Promise<void>
  /** Moves the hands, running what falls due on the way and letting everything that follows from it settle. */
  advance(ms: number): Promise<void>
}

export function fakeTimers(start = 1_790_000_000_000): FakeTimers {
  let now = start
  let pending: { readonly at: number; readonly work: () => void }[] = []
  const after = (ms: number, work: () => void) => {
    const entry = { at: now + ms, work }
    pending.push(entry)
    return () => {
      pending = pending.filter((each) => each !== entry)
    }
  }
  return {
    now: () => now,
    after,
    wait: (ms, signal) =>
      new Promise((resolve, reject) => {
        const stop = after(ms, resolve)
        signal?.addEventListener('abort', () => {
          stop()
          reject(new DOMException('aborted', 'AbortError'))
        })
      }),
    async advance(ms) {
      const until = now + ms
      await settle()
      for (;;) {
        const [next] = pending.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)
        if (next === undefined) break
        now = Math.max(now, next.at)
        pending = pending.filter((each) => each !== next)
        next.work()
        await settle()
      }
      now = until
    },
  }
}

/** Lets every promise that can settle by itself do so. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setTimeout(resolve, 0))
}

export type Body = Readonly<Record<string, unknown>>
interface Init {
  readonly key?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
  readonly path?: string
  readonly signal?: AbortSignal
}

/** A chat request; a string or bytes as `body` are sent as they are. */
export function chat(body: Body | string | Uint8Array | ReadableStream = {}, init: Init = {}): Request {
  const raw = typeof body === 'string' || body instanceof Uint8Array || body instanceof ReadableStream
  const { key = KEY_A, method = 'POST', path = '/v1/chat/completions', signal } = init
  const headers = new Headers({
    'content-type': 'application/json',
    ...(key !== null && { authorization: `Bearer ${key}` }),
    ...init.headers,
  })
  return new Request(GATEWAY + path, {
    method,
    headers,
    ...(method === 'POST' && { body: raw ? body : JSON.stringify({ ...good(), ...body }) }),
    ...(signal && { signal }),
  })
}

export const good = (): Body => ({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: PROMPT }] })

/** A chat request whose answer the simulator scripts. */
export function scripted(script: Script, body: Body = {}, init: Init = {}): Request {
  return chat(
    { ...body, messages: [{ role: 'user', content: `Hi [[sim ${JSON.stringify(script)}]]` }] },
    init,
  )
}

export function get(path: string, { key = KEY_A, headers, method = 'GET' }: Init = {}): Request {
  return new Request(GATEWAY + path, {
    method,
    headers: { ...(key !== null && { authorization: `Bearer ${key}` }), ...headers },
  })
}

export interface ErrorShape {
  readonly status: number
  readonly code: string | null
  readonly type?: string
  readonly param?: string | null
}

export interface Refusal {
  readonly message: string
  readonly text: string
  readonly headers: Headers
}

/** The asserts that hold for every refusal (security.md 5): shape, silence towards upstreams, no leak, no harm done. */
export async function expectRefusal(
  { received, strays, fetch }: Bench,
  response: Response,
  expected: ErrorShape & {
    /** Requests that the upstream may have seen; none by default. */
    readonly upstream?: number
    /** Proves that the isolate still serves; `null` where it cannot, as in a closed deployment. */
    readonly goodRequest?: Request | null
    /** More text that may not appear. */
    readonly canaries?: readonly string[]
  },
): Promise<Refusal> {
  const { status, type = 'invalid_request_error', code, param = null, goodRequest = chat() } = expected
  const text = await response.text()
  expect({ status: response.status, body: JSON.parse(text) as unknown }).toEqual({
    status,
    body: { error: { message: expect.any(String), type, param, code } },
  })
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(received).toHaveLength(expected.upstream ?? 0)
  expect(strays).toEqual([])
  expectMarked(response)
  expectClean([text, headersOf(response), log()], expected.canaries)
  if (goodRequest !== null) expect((await fetch(goodRequest)).status).toBe(200)
  const { error } = JSON.parse(text) as { error: { message: string } }
  expect(error.message).not.toBe('')
  return { message: error.message, text, headers: response.headers }
}

/** Every answer has an id and may not be stored. */
export function expectMarked(response: Response): void {
  expect(response.headers.get('x-request-id')).toMatch(/^req_[A-Za-z0-9]{24}$/)
  expect(response.headers.get('cache-control')).toBe('no-store')
}

/** No secret, no prompt, no upstream, no stack trace. */
export function expectClean(texts: readonly string[], canaries: readonly string[] = []): void {
  for (const text of texts) {
    for (const canary of [...CANARIES, ...canaries]) expect(text).not.toContain(canary)
    expect(text).not.toMatch(/\bat \S+ \(|\.ts:\d+/)
  }
}

export function headersOf(response: Response): string {
  return [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')
}

/** The data of every event of a stream. */
export function dataOf(text: string): string[] {
  return text
    .split(/\r?\n\r?\n/)
    .flatMap((event) => event.split(/\r?\n/).filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice('data: '.length))
}

/** The text that a stream of chat chunks adds up to. */
export function contentOf(text: string): string {
  return dataOf(text)
    .filter((data) => data.startsWith('{'))
    .map((data) => (JSON.parse(data) as { choices?: { delta?: { content?: string | null } }[] }).choices)
    .map((choices) => choices?.[0]?.delta?.content ?? '')
    .join('')
}

/** A broken stream ends in exactly one error frame, without `[DONE]`. */
export function expectErrorFrame(
  text: string,
  error: { readonly code: string | null; readonly type?: string },
): void {
  const data = dataOf(text)
  expect(data.filter((each) => each.startsWith('{"error"'))).toHaveLength(1)
  expect(data).not.toContain('[DONE]')
  expect(JSON.parse(data.at(-1) ?? '')).toEqual({
    error: { message: expect.any(String), type: error.type ?? 'server_error', param: null, code: error.code },
  })
  expectClean([data.at(-1) ?? ''])
}
