import { countBytes } from '../lib/byte-relay.ts'
import { jsonSkeleton } from '../lib/json-skeleton.ts'
import { readBytes } from '../lib/read-body.ts'
import type { Wire } from '../protocol/endpoint.ts'
import { isRecord } from '../protocol/guards.ts'
import type { Usage } from '../protocol/usage.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import type { Translation } from '../providers/provider.ts'
import type { Answer, AttemptInput, AttemptPorts } from './exchange.ts'
import { GARBLED, MAX_ANSWER_BYTES } from './failure-of.ts'
import { record } from './recording.ts'
import { parseJson, readUnexpected } from './read-failure.ts'

type Json<W extends Wire> = Extract<Answer<W>, { kind: 'json' }>
type Bytes<W extends Wire> = Extract<Answer<W>, { kind: 'bytes' }>

/** An answer in one piece, joined if it came in parts. */
export async function readJson<W extends Wire>(
  _ports: AttemptPorts,
  input: AttemptInput<W>,
  responses: readonly Response[],
): Promise<Json<W>> {
  const { codec } = input
  if (codec.kind === 'translation') {
    const response = await readTranslated(codec, input, responses)
    return { kind: 'json', body: JSON.stringify(response), response }
  }
  const [only] = responses
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
  return { kind: 'json', body, response: parsed }
}
/** A string as long as this is a picture or sound, of which only the caller wants to know more. */
const LARGE_BYTES = 65_536

async function readTranslated<W extends Wire>(
  codec: Translation<W>,
  input: AttemptInput<W>,
  responses: readonly Response[],
): Promise<W['response']> {
  const decoded = await Promise.all(
    responses.map(async (response, i) => {
      const text = new TextDecoder().decode(await readBytes(response, MAX_ANSWER_BYTES))
      return decode(codec, toObject(input, response, text), {
        request: requestOf(input, i),
        context: input.context,
      })
    }),
  )
  const [first] = decoded
  if (first === undefined) throw new UpstreamFailure(GARBLED)
  return codec.fanOut === undefined || decoded.length === 1 ? first : codec.fanOut.join(decoded)
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
  responses: readonly Response[],
  onCancel: () => void,
): Promise<Bytes<W>> {
  const { codec, endpoint, provider, request } = input
  if (codec.kind === 'translation') {
    const response = await readTranslated(codec, input, responses)
    const usage = (): Usage | undefined => endpoint.usage(response)
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
  const [only] = responses
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
