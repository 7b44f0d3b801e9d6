import type { Json, JsonObject } from './json.ts'
import type { Script } from './script.ts'

export type ProviderName = 'openai' | 'gemini'

/** The world as the simulator sees it, so that a test decides what time it is and never sleeps. */
export interface Clock {
  now: () => number
  random: () => number
  wait: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** What the simulator keeps of one request, for tests to look at. Credentials are kept: they are fakes. */
export interface Received {
  id: number
  /** Milliseconds, by the simulator's clock. */
  time: number
  provider: ProviderName | 'none'
  method: string
  path: string
  query: string
  headers: Record<string, string>
  key: string
  model: string
  stream: boolean
  body: string
  json: Json | undefined
  /** Undefined until answered, and for a connection dropped before any answer. */
  status: number | undefined
  aborted: boolean
  abortedAt: number | undefined
  /** True once the whole answer has been handed over. */
  complete: boolean
  bytes: number
  events: number
  usage: JsonObject | undefined
}

/** One stream event before it is put on the wire. `kind` is what `noFinish` and `noDone` go by. */
export interface Frame {
  kind: 'head' | 'delta' | 'finish' | 'usage' | 'done'
  data: Json | string
}

/** How a provider frames a stream. */
export interface Framing {
  contentType: string
  frame(data: string, index: number): string
  /** The bytes after the last frame. */
  close: string
  /** The in-band failure of `errorAfter`. */
  failure(script: Script, index: number): string
  /** A first event that says nothing yet, for `roleOnlyThenSilence`. */
  silence?: Json
}

export type Reply =
  | {
      kind: 'bytes'
      status?: number
      headers?: Record<string, string>
      contentType: string
      bytes: Uint8Array<ArrayBuffer>
      usage?: JsonObject
    }
  | { kind: 'json'; headers?: Record<string, string>; body: Json; usage?: JsonObject }
  | {
      kind: 'stream'
      headers?: Record<string, string>
      frames: readonly Frame[]
      framing: Framing
      usage?: JsonObject
    }

export interface Settings {
  /** Answer 400 unknown_parameter to unknown top-level fields of OpenAI chat. */
  strictUnknown: boolean
  /** YYYY-MM-DD: which models are shut down by now. Fixed, so that a test suite does not start to fail one day. */
  today: string
}

export interface Exchange {
  headers: Headers
  url: URL
  method: string
  /** The model in the path, or an empty string where the body names it. */
  pathModel: string
  json: Json | undefined
  rawBody: string
  /** For bodies that are no text, such as uploads. */
  bytes: Uint8Array<ArrayBuffer>
  script: Script
  clock: Clock
  settings: Settings
  /** What this simulator's endpoints remember is kept by it; a reset makes a new one. */
  memory: object
}

export interface Route {
  method: string
  /** Group 1, where there is one, is the (percent-encoded) model. */
  path: RegExp
  handle(exchange: Exchange): Reply | Promise<Reply>
}

export interface Provider {
  name: ProviderName
  prefix: string
  routes: readonly Route[]
  /** The key; throws what the provider answers to a bad or missing one. */
  authorize(headers: Headers, url: URL): string
  /** Where a directive may stand. Must bear any body. */
  lastUserText(body: Json | undefined): string
  modelOf(pathModel: string, body: Json | undefined): string
  streams(path: string, body: Json | undefined): boolean
  fault(script: Script, model: string): Refused
  notFound(method: string, path: string): Refused
  /** Headers on every answer. */
  headers(clock: Clock): Headers
}

/** An answer that is not a success. Thrown by rules, caught once in index.ts. */
export class Refused extends Error {
  readonly status: number
  readonly body: Json | string
  readonly headers: Record<string, string>
  constructor(status: number, body: Json | string, headers: Record<string, string> = {}) {
    super(`refused with ${status}`)
    this.status = status
    this.body = body
    this.headers = headers
  }
}

/** The connection breaks here: the Node server resets the socket, an in-process reader sees the body fail. */
export class Cut extends Error {
  constructor() {
    super('simulated connection reset')
    this.name = 'SimulatorCut'
  }
}
