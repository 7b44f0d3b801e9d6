import { countBytes } from '../lib/byte-relay.ts'
import { readBytes } from '../lib/read-body.ts'
import type { Wire } from '../protocol/endpoint.ts'
import { isRecord } from '../protocol/guards.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import type { Translation } from '../providers/provider.ts'
import type { Answer, AttemptInput, AttemptPorts } from './exchange.ts'
import { GARBLED, MAX_ANSWER_BYTES } from './failure-of.ts'
import { parseJson, readUnexpected } from './read-failure.ts'

type Json<W extends Wire> = Extract<Answer<W>, { kind: 'json' }>

/** An answer in one piece, joined if it came in parts. */
export async function readJson<W extends Wire>(
  _ports: AttemptPorts,
  input: AttemptInput<W>,
  responses: readonly Response[],
): Promise<Json<W>> {
  const answers = await Promise.all(responses.map((response) => readOne(input, response)))
  const [first] = answers
  if (first === undefined) throw new UpstreamFailure(GARBLED)
  const fanOut = input.codec.kind === 'translation' ? input.codec.fanOut : undefined
  if (fanOut === undefined || answers.length === 1) return first
  const response = fanOut.join(answers.map((answer) => answer.response))
  return { kind: 'json', text: JSON.stringify(response), response }
}

async function readOne<W extends Wire>(input: AttemptInput<W>, response: Response): Promise<Json<W>> {
  const { codec, endpoint } = input
  const { text, parsed } = await readObject(input, response)
  if (codec.kind === 'translation') {
    const decoded = decode(codec, parsed, input)
    return { kind: 'json', text: JSON.stringify(decoded), response: decoded }
  }
  if (!endpoint.answers(parsed)) {
    throw new UpstreamFailure({ kind: 'empty', message: 'The upstream sent an empty answer.' })
  }
  return { kind: 'json', text, response: parsed }
}

async function readObject<W extends Wire>(
  { provider }: AttemptInput<W>,
  response: Response,
): Promise<{ readonly text: string; readonly parsed: Readonly<Record<string, unknown>> }> {
  const text = new TextDecoder().decode(await readBytes(response, MAX_ANSWER_BYTES))
  const parsed = parseJson(text)
  if (!isRecord(parsed)) throw new UpstreamFailure(GARBLED)
  const error = parsed['error']
  if (error !== undefined && error !== null) {
    throw new UpstreamFailure(provider.classify(200, response.headers, parsed))
  }
  return { text, parsed }
}

function decode<W extends Wire>(codec: Translation<W>, body: unknown, input: AttemptInput<W>): W['response'] {
  try {
    return codec.decode(body, input.request, input.context)
  } catch (thrown) {
    throw thrown instanceof UpstreamFailure ? thrown : new UpstreamFailure(GARBLED, thrown)
  }
}

/** Sound, or text that is no JSON: relayed as it comes, or made of a foreign answer. */
export async function openBytes<W extends Wire>(
  _ports: AttemptPorts,
  input: AttemptInput<W>,
  [response]: readonly Response[],
  onCancel: () => void,
): Promise<Extract<Answer<W>, { kind: 'bytes' }>> {
  if (response === undefined) throw new UpstreamFailure(GARBLED)
  const { codec, endpoint, provider } = input
  if (codec.kind === 'translation') {
    const answer = endpoint.bytesOf(decode(codec, (await readObject(input, response)).parsed, input))
    return { kind: 'bytes', ...answer, finished: Promise.resolve('complete') }
  }
  const contentType = response.headers.get('content-type') ?? 'application/octet-stream'
  if (response.body === null || contentType.includes('text/html')) {
    throw new UpstreamFailure(await readUnexpected(response, provider))
  }
  return { kind: 'bytes', contentType, ...countBytes(response.body, onCancel) }
}
