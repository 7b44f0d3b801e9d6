import { countBytes } from '../../lib/byte-relay.ts'
import { jsonSkeleton } from '../../lib/json-skeleton.ts'
import { liftedStrings } from '../../lib/lifted-strings.ts'
import { cut, streamOf } from '../../lib/piece-stream.ts'
import { readBytes } from '../../lib/read-body.ts'
import type { Wire } from '../../protocol/endpoint.ts'
import { isRecord } from '../../protocol/guards.ts'
import type { Usage } from '../../protocol/usage.ts'
import { UpstreamFailure } from '../../providers/failure.ts'
import type { Translation } from '../../providers/provider.ts'
import type { Answer, AttemptInput, AttemptPorts } from './exchange.ts'
import { GARBLED, MAX_ANSWER_BYTES } from './failure-of.ts'
import { type Calls, type TextOf, usageOf } from './parts.ts'
import { record } from './recording.ts'
import { parseJson, readUnexpected } from './read-failure.ts'

/** What came back from each call. */
export interface Replies<W extends Wire> extends Pick<Calls<W>, 'decoded'> {
  readonly responses: readonly Response[]
}
type Json<W extends Wire> = Extract<Answer<W>, { kind: 'json' }>
type Bytes<W extends Wire> = Extract<Answer<W>, { kind: 'bytes' }>

/** An answer in one piece, joined if it came in parts. */
export async function readJson<W extends Wire>(
  _ports: AttemptPorts,
  input: AttemptInput<W>,
  replies: Replies<W>,
): Promise<Json<W>> {
  const { codec } = input
  if (codec.kind === 'translation') {
    const lifted = codec.passesLongStrings && liftedStrings(LARGE_BYTES, input.context.chance)
    const { response, usage } = await readTranslated(codec, input, replies, lifted?.lift)
    const text = JSON.stringify(response)
    // What may be kept for later has to be in one piece.
    return {
      kind: 'json',
      body: lifted?.restore(text, input.limits.recordBytes) ?? text,
      response,
      usage,
      writtenTokens: lifted === undefined ? writtenIn(input, response, usage) : undefined,
    }
  }
  const [only] = replies.responses
  if (only === undefined) throw new UpstreamFailure(GARBLED)
  return readRelayed(input, only)
}

async function readRelayed<W extends Wire>(input: AttemptInput<W>, response: Response): Promise<Json<W>> {
  const body = await readBytes(response, MAX_ANSWER_BYTES)
  const text = body.length > LARGE_BYTES ? jsonSkeleton(body, LARGE_BYTES) : new TextDecoder().decode(body)
  const parsed = toObject(input, response, text)
  if (!input.endpoint.answers(parsed)) {
    throw new UpstreamFailure({ kind: 'empty', message: 'The upstream sent an empty answer.' })
  }
  const streams = body.length > Math.max(HUGE_BYTES, input.limits.recordBytes)
  const usage = input.endpoint.usage(parsed)
  return {
    kind: 'json',
    body: streams ? streamOf(cut(body)) : body,
    response: parsed,
    usage,
    // Of a large body the long texts have been left out.
    writtenTokens: body.length > LARGE_BYTES ? undefined : writtenIn(input, parsed, usage),
  }
}

/** Counted where the answer does not say what it used; nothing that can be counted is not the same as nothing. */
function writtenIn<W extends Wire>(
  { endpoint }: AttemptInput<W>,
  response: W['response'],
  usage: Usage | undefined,
): number | undefined {
  const tokens = usage === undefined ? endpoint.written?.(response) : undefined
  return tokens === 0 ? undefined : tokens
}
/** A string as long as this is a picture or sound, of which only the caller wants to know more. */
const LARGE_BYTES = 65_536
/** From here on a body is sent in pieces: the runtime would copy it whole. */
const HUGE_BYTES = 1_048_576

async function readTranslated<W extends Wire>(
  codec: Translation<W>,
  { endpoint }: AttemptInput<W>,
  { responses, decoded }: Replies<W>,
  textOf?: TextOf,
): Promise<{ readonly response: W['response']; readonly usage: Usage | undefined }> {
  const answers = await Promise.all(responses.map((_, part) => decoded(part, textOf)))
  const [first] = answers
  if (first === undefined) throw new UpstreamFailure(GARBLED)
  if (codec.fanOut === undefined || answers.length === 1)
    return { response: first, usage: endpoint.usage(first) }
  const response = codec.fanOut.join(answers)
  const usage = usageOf(answers.map((answer) => endpoint.usage(answer))) ?? endpoint.usage(response)
  return { response, usage }
}

/** The answer to one call, as the caller's endpoint has it. */
export async function decodePart<W extends Wire>(
  input: AttemptInput<W>,
  response: Response,
  part: number,
  textOf: TextOf = (bytes) => new TextDecoder().decode(bytes),
): Promise<W['response']> {
  const { codec, context } = input
  if (codec.kind !== 'translation') throw new TypeError('What is relayed is not decoded.')
  const text = textOf(await readBytes(response, MAX_ANSWER_BYTES))
  return decode(codec, toObject(input, response, text), { request: requestOf(input, part), context })
}

/** What the call whose answer this is was to answer: a part of the request, where it fans out. */
function requestOf<W extends Wire>({ parts, request }: AttemptInput<W>, part: number): W['request'] {
  return parts[part]?.request ?? request
}

function toObject<W extends Wire>(
  { provider }: AttemptInput<W>,
  { headers }: Response,
  text: string,
): Readonly<Record<string, unknown>> {
  const parsed = parseJson(text)
  if (!isRecord(parsed)) throw new UpstreamFailure(GARBLED)
  const error = parsed['error']
  if (error !== undefined && error !== null) {
    throw new UpstreamFailure(provider.classify(200, headers, parsed))
  }
  return parsed
}

function decode<W extends Wire>(
  codec: Translation<W>,
  body: unknown,
  { request, context }: Pick<AttemptInput<W>, 'request' | 'context'>,
): W['response'] {
  try {
    return codec.decode(body, request, context)
  } catch (thrown) {
    throw thrown instanceof UpstreamFailure ? thrown : new UpstreamFailure(GARBLED, thrown)
  }
}

/** Sound, or text that is no JSON: relayed as it comes, or made of a foreign answer. */
export async function openBytes<W extends Wire>(
  _ports: AttemptPorts,
  input: AttemptInput<W>,
  replies: Replies<W>,
  onCancel: () => void,
): Promise<Bytes<W>> {
  const { codec, endpoint, provider, request } = input
  if (codec.kind === 'translation') {
    const { response, usage: used } = await readTranslated(codec, input, replies)
    const usage = (): Usage | undefined => used
    const finished = Promise.resolve('complete' as const)
    return {
      kind: 'bytes',
      ...endpoint.bytesOf(response, request),
      response,
      usage,
      finished,
      recording: undefined,
    }
  }
  const [only] = replies.responses
  const contentType = only?.headers.get('content-type') ?? 'application/octet-stream'
  if (only?.body === null || only?.body === undefined || contentType.includes('text/html')) {
    throw new UpstreamFailure(only === undefined ? GARBLED : await readUnexpected(only, provider))
  }
  return relayed(only.body, contentType, input, onCancel)
}

function relayed<W extends Wire>(
  body: ReadableStream<Uint8Array>,
  contentType: string,
  { endpoint, request, limits }: AttemptInput<W>,
  onCancel: () => void,
): Bytes<W> {
  const meter = endpoint.meter?.(request)
  const recording = record(limits.recordBytes)
  const see = both(meter && ((bytes) => meter.see(bytes)), recording?.bytes)
  const relay = countBytes(body, { onCancel, see })
  return { kind: 'bytes', contentType, response: undefined, usage: () => meter?.usage, recording, ...relay }
}

type See = (bytes: Uint8Array) => void
function both(one: See | undefined, other: See | undefined): See | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return (bytes) => {
    one(bytes)
    other(bytes)
  }
}
