import type { z } from 'zod'
import type { CatalogEndpoint } from '../catalog/model-card.ts'
import type { ErrorBody } from '../errors.ts'
import type { Usage } from './usage.ts'

/** What travels on one endpoint, in OpenAI's own shapes. */
export interface Wire {
  readonly request: { readonly model: string; readonly stream?: boolean | null | undefined }
  readonly response: object
  readonly event: object
}

/** What a request needs from the model that serves it. */
export type Feature = 'tools' | 'vision' | 'audio' | 'json_schema' | 'reasoning'

/** A URL or inline medium in a request, with the path that names it in an error. */
export interface MediaReference {
  readonly url: string
  readonly param: string
  readonly kind: 'image' | 'video'
}

/** Who answered, in the answer's own words: a provider may serve another model or tier than was asked for. */
export interface ServedBy {
  readonly model?: string | undefined
  readonly tier?: string | undefined
  /** In a region of the operator's choice, which may cost more. */
  readonly regional?: boolean | undefined
  /** Its id, where the answer can be asked for again. */
  readonly id?: string | undefined
}

/**
 * Reads one canonical stream as it passes to the client, whoever serves it.
 * `see` throws for an event that is not of this endpoint.
 */
export interface Observer<Event> {
  see(event: Event): void
  /** A meaningful event has passed (resilience.md 3.1): from here on the stream is committed. */
  readonly started: boolean
  /** The stream said that it was over: every choice has its finish reason. */
  readonly complete: boolean
  readonly usage: Usage | undefined
  /** Tokens of the text that has passed, by its characters; for an answer that ends without usage. Absent: not counted. */
  readonly writtenTokens?: number | undefined
  readonly served: ServedBy
  /** The whole answer, where the stream's last event carries it. */
  readonly answer?: object | undefined
  /** How many events have passed, where they are numbered. */
  readonly events?: number
}

/** Serves one request by several upstream calls, for a provider that lacks the option (e.g. `n`). */
export interface FanOut<W extends Wire> {
  /** One request per upstream call; a single one means that no fan-out is needed. */
  readonly split: (request: W['request']) => readonly W['request'][]
  readonly join: (responses: readonly W['response'][]) => W['response']
  /** Merges the parts' streams; `push` and `end` name the part that an event came from. Absent: no streams. */
  readonly joinEvents?: (parts: number) => {
    push(part: number, event: W['event'], emit: (event: W['event']) => void): void
    end(part: number, emit: (event: W['event']) => void): void
  }
}

/** An answer that is not JSON: sound, subtitles, plain text. */
export interface BytesAnswer {
  readonly contentType: string
  readonly bytes: ReadableStream<Uint8Array> | Uint8Array
}

/** What a form may hold. `unread` stands for one whose fields nobody has read: only the model is known, from a header. */
export interface FormRules<W extends Wire> {
  readonly names: ReadonlySet<string>
  readonly unread: (model: string) => W['request']
}

/** Reads what is relayed as it comes, and is no JSON, for what it cost. */
export interface Meter {
  see(bytes: Uint8Array): void
  readonly usage: Usage | undefined
}

/** What an answer cost and used, in words. */
export interface Bill {
  /** US dollars, exact; undefined where no price is known. */
  readonly usd: string | undefined
  /** Counts by class, as `input=12, output=3`. */
  readonly list: string
}

/** What the gateway needs to know about an endpoint, whoever serves it. */
export interface Endpoint<W extends Wire> {
  readonly path: `/${string}`
  /** The catalog's name for it, where it has one. */
  readonly capability: CatalogEndpoint | undefined
  /** Whether a good stream ends with `data: [DONE]`, beside its own last event. */
  readonly doneMarker: boolean
  /** Set for a body that is a form. */
  readonly form?: FormRules<W>
  /** The shape that the body must have before anything else reads it. */
  readonly envelope: z.ZodType<W['request']>
  /** Checks what every provider needs checked, beyond the envelope's schema; throws `GatewayError`. */
  check(request: W['request']): void
  /** What comes back: one JSON text, events, or bytes of another kind. */
  answer(request: W['request']): 'json' | 'events' | 'bytes'
  /** Whether the work goes on without its caller, who comes back for it: what it used is told then. Absent: never. */
  goesOn?(request: W['request']): boolean
  features(request: W['request']): ReadonlySet<Feature>
  media(request: W['request']): readonly MediaReference[]
  /** Whether a JSON object from an upstream is an answer at all, and not an empty shell. */
  answers(body: object): body is W['response']
  /** A decoded answer as bytes, for requests whose answer is `bytes`. */
  bytesOf(response: W['response'], request: W['request']): BytesAnswer
  usage(response: W['response']): Usage | undefined
  /** The tokens of the text in an answer, by its characters, for one that does not say what it used. Absent: not counted. */
  written?(response: W['response']): number
  /** For answers of `bytes` that are relayed; absent: they do not say. */
  meter?(request: W['request']): Meter
  served(response: W['response']): ServedBy
  observe(request: W['request']): Observer<W['event']>
  /** An event as it is sent: `data` is its JSON text. */
  frame(event: W['event'], data: string): string
  /** The error body in an event of an upstream that carries one instead of an answer. */
  errorIn(event: unknown): unknown
  /** Set where an error in a stream that has started is passed on as its end: the same event in words fit for the caller. */
  reworded?(event: unknown, message: string): unknown
  /** The frame that ends a broken stream, after so many `events`. */
  errorFrame(body: ErrorBody, events?: number): string
  /**
   * Adds what an event cost to the usage in it: a function from an event, its text and its usage's bill. Absent, or
   * `undefined` for a request that did not ask for usage.
   */
  priced?(
    request: W['request'],
  ): ((event: W['event'], data: string, bill: (usage: Usage) => Bill) => string) | undefined
  /**
   * What of a stream the caller did not ask for: a function from an event and its text to the text to send, or
   * `undefined` to send nothing. `undefined` altogether when every event is wanted as it is.
   */
  trim(request: W['request']): ((event: W['event'], data: string) => string | undefined) | undefined
}
