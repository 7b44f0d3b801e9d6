import { canned } from './canned.ts'
import { control } from './control.ts'
import { deliver } from './deliver.ts'
import { readForm } from './form.ts'
import { gemini } from './gemini/index.ts'
import { parseJson } from './json.ts'
import type { Json } from './json.ts'
import { openai } from './openai/index.ts'
import { converse } from './openai/realtime.ts'
import type { Line, Talker } from './openai/realtime.ts'
import { Records } from './record.ts'
import { Scripts } from './script.ts'
import type { Rule, Script } from './script.ts'
import { Cut, Refused } from './types.ts'
import type { Clock, Exchange, Provider, Received, Route, Settings } from './types.ts'

export type { Received } from './types.ts'
export type { Rule, Script } from './script.ts'

export interface Options extends Partial<Clock>, Partial<Settings> {
  /** Serve every path from precomputed bodies: no validation, no record, next to no CPU. */
  canned?: boolean
  /** How many requests `received` keeps; default 1,000. */
  recordLimit?: number
}

interface Connection {
  /** The protocol to select. */
  protocol: string | undefined
  open(line: Line): Talker
}

export interface Simulator {
  fetch(request: Request): Promise<Response>
  /** For a request that wants a WebSocket: how to hold the session, or the answer that refuses it. */
  connect(request: Request): Promise<Connection | Response>
  rules(rules: readonly Rule[]): void
  /** The same array all along, oldest first. */
  readonly received: Received[]
  reset(): void
}

const PROVIDERS: readonly Provider[] = [openai, gemini]

const DEFAULTS: Settings = { strictUnknown: false, today: '2026-11-24' }

/** gemini.md 8 and openai.md 7.2 date the shutdowns; `today` decides which have passed. */
export function createSimulator(options: Options = {}): Simulator {
  const clock: Clock = {
    now: options.now ?? (() => Date.now()),
    random: options.random ?? (() => Math.random()),
    wait: options.wait ?? sleep,
  }
  const settings: Settings = {
    strictUnknown: options.strictUnknown ?? DEFAULTS.strictUnknown,
    today: options.today ?? DEFAULTS.today,
  }
  const scripts = new Scripts()
  const records = new Records(options.recordLimit ?? 1_000)
  let memory = {}
  const simulator: Simulator = {
    received: records.list,
    rules: (rules) => scripts.add(rules),
    reset() {
      scripts.clear()
      records.clear()
      memory = {}
    },
    async fetch(request) {
      const url = new URL(request.url)
      if (options.canned === true || url.pathname.startsWith('/canned/')) return canned(request, url, clock)
      if (url.pathname.startsWith('/__sim/')) return control(request, url, scripts, records)
      return serve(request, url, { clock, settings, scripts, records, memory })
    },
    async connect(request) {
      const handshake = await simulator.fetch(request)
      if (handshake.status !== 200) return handshake
      const { headers } = request
      const model = new URL(request.url).searchParams.get('model') ?? ''
      const offered = (headers.get('sec-websocket-protocol') ?? '').split(/, */)
      return {
        protocol: offered.includes('realtime') ? 'realtime' : undefined,
        open: (line) => converse(model, headers, line, clock),
      }
    },
  }
  return simulator
}

interface World {
  clock: Clock
  settings: Settings
  scripts: Scripts
  records: Records
  memory: object
}

async function serve(request: Request, url: URL, world: World): Promise<Response> {
  const arrival = await arrive(request, url, world)
  const { provider, record } = arrival
  if (provider === undefined) return plain(404, 'Not Found', new Headers(), record)
  const headers = provider.headers(world.clock)
  try {
    return await answer(request, { ...arrival, provider, headers }, world)
  } catch (error) {
    if (error instanceof Refused) return refuse(error, headers, record)
    if (request.signal.aborted) {
      record.aborted = true
      record.abortedAt = world.clock.now()
    }
    throw error
  }
}

interface Arrival {
  url: URL
  provider: Provider | undefined
  route: Route | undefined
  pathModel: string
  rawBody: string
  bytes: Uint8Array<ArrayBuffer>
  json: Json | undefined
  record: Received
}

/** Reads and records a request before anything is decided about it. */
async function arrive(request: Request, url: URL, { clock, records }: World): Promise<Arrival> {
  const provider = PROVIDERS.find(({ prefix }) => url.pathname.startsWith(prefix))
  const bytes = new Uint8Array(await request.arrayBuffer())
  const rawBody = new TextDecoder().decode(bytes)
  const json = await bodyOf(request, bytes, rawBody)
  const route = provider?.routes.find(
    ({ method, path }) => method === request.method && path.test(url.pathname),
  )
  const pathModel = decodeURIComponent(route?.path.exec(url.pathname)?.[1] ?? '')
  const record = records.add({
    time: clock.now(),
    provider: provider?.name ?? 'none',
    method: request.method,
    path: url.pathname,
    query: url.search,
    headers: Object.fromEntries(request.headers),
    key: '',
    model: provider?.modelOf(pathModel, json) ?? '',
    stream: provider?.streams(url.pathname, json) ?? false,
    body: rawBody,
    json,
    ...UNANSWERED,
  })
  return { url, provider, route, pathModel, rawBody, bytes, json, record }
}

async function bodyOf(
  { headers }: Request,
  bytes: Uint8Array<ArrayBuffer>,
  text: string,
): Promise<Json | undefined> {
  const form = await readForm(bytes, headers.get('content-type') ?? '')
  return form ?? (text === '' ? undefined : parseJson(text))
}

const UNANSWERED = {
  status: undefined,
  aborted: false,
  abortedAt: undefined,
  complete: false,
  bytes: 0,
  events: 0,
  usage: undefined,
} as const

type Known = Arrival & { provider: Provider; headers: Headers }

/** In the provider's order: the key, then an overloaded front end, then the URL, then the request. */
async function answer(
  request: Request,
  arrival: Known,
  { clock, settings, scripts, memory }: World,
): Promise<Response> {
  const { provider, route, record, headers, url, json, rawBody, bytes, pathModel } = arrival
  record.key = provider.authorize(request.headers, url)
  const subject = { provider: provider.name, model: record.model, path: url.pathname, key: record.key }
  const script = scripts.pick(subject, provider.lastUserText(json))
  for (const [name, value] of Object.entries(script.headers ?? {})) headers.set(name, value)
  await before(script, clock, request.signal)
  interfere(script, provider, record.model)
  if (route === undefined) throw provider.notFound(request.method, url.pathname)
  const exchange: Exchange = {
    headers: request.headers,
    url,
    method: request.method,
    pathModel,
    json,
    rawBody,
    bytes,
    script,
    clock,
    settings,
    memory,
  }
  return deliver({
    reply: await route.handle(exchange),
    script,
    clock,
    record,
    headers,
    signal: request.signal,
  })
}

async function before(script: Script, clock: Clock, signal: AbortSignal): Promise<void> {
  if (script.latencyMs !== undefined && script.latencyMs > 0) await clock.wait(script.latencyMs, signal)
  if (signal.aborted) throw signal.reason
  if (script.drop === true) throw new Cut()
}

/** Faults that come instead of an answer, as from a front end: the request is not even validated. */
function interfere(script: Script, provider: Provider, model: string): void {
  if (script.redirect !== undefined)
    throw new Refused(script.status ?? 307, '', { location: script.redirect })
  if (script.error !== undefined || (script.status !== undefined && script.status >= 400))
    throw provider.fault(script, model)
}

function refuse(refused: Refused, headers: Headers, record: Received): Response {
  for (const [name, value] of Object.entries(refused.headers)) headers.set(name, value)
  if (typeof refused.body === 'string') return plain(refused.status, refused.body, headers, record)
  headers.set('content-type', 'application/json; charset=UTF-8')
  return plain(refused.status, JSON.stringify(refused.body), headers, record)
}

function plain(status: number, body: string, headers: Headers, record: Received): Response {
  record.status = status
  record.complete = true
  record.bytes = body.length
  if (!headers.has('content-type')) headers.set('content-type', 'text/html; charset=UTF-8')
  return new Response(body, { status, headers })
}

/** Rejects with the signal's reason, as a platform timer with a signal does. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer)
      reject(signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError'))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted === true) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
