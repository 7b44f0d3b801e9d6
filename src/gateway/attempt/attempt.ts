import type { Wire } from '../../protocol/endpoint.ts'
import { UpstreamFailure } from '../../providers/failure.ts'
import type { Provider } from '../../providers/provider.ts'
import type { AttemptInput, AttemptPorts, AttemptResult, Begun, Spent } from './exchange.ts'
import { GARBLED } from './failure-of.ts'
import { limited } from './limited.ts'
import { lastWords } from './last-words.ts'
import { type Calls, callsOf } from './parts.ts'
import { decodePart, openBytes, readJson } from './read-answer.ts'
import { openStream } from './open-stream.ts'
import { readFailure } from './read-failure.ts'
import { asServed, serviceOf } from './as-served.ts'

/** Sends one request and waits until its answer means something. Never throws for what the upstream does. */
export async function attempt<W extends Wire>(
  ports: AttemptPorts,
  given: AttemptInput<W>,
): Promise<AttemptResult<W>> {
  const input = { ...given, provider: withoutAddress(given) }
  const time = { signal: input.signal, firstEventMs: input.limits.firstEventMs }
  let spent: Spent | undefined
  const result = await limited(ports.timers, time, async (signal, abort) => {
    const sent = input.parts.map(({ body }) => send(ports, input, body, signal))
    const calls = callsOf<W>(sent, (response, part, textOf) => decodePart(input, response, part, textOf))
    try {
      return await begin(ports, input, calls, abort)
    } catch (thrown) {
      spent = await lastWords(ports.timers, input, calls, signal)
      throw thrown
    }
  })
  return result.ok || spent === undefined ? result : { ...result, spent }
}

async function begin<W extends Wire>(
  ports: AttemptPorts,
  given: AttemptInput<W>,
  calls: Calls<W>,
  abort: () => void,
): Promise<Begun<W>> {
  const responses = await Promise.all(calls.sent)
  const headers = responses[0]?.headers
  const upstreamRequestId = headers?.get('x-request-id') ?? undefined
  const service = serviceOf(given, headers)
  const input = {
    ...given,
    billing: (served, usage) => given.billing(asServed(served, service), usage),
  } satisfies AttemptInput<W>
  const kind = input.answer === 'any' ? kindOf(responses) : input.answer
  const answer = await OPEN[kind](ports, input, { responses, decoded: calls.decoded }, abort)
  const allowances = headers === undefined ? [] : (input.provider.allowances?.(headers) ?? [])
  return { ok: true, upstreamRequestId, service, allowances, answer }
}

const OPEN = { json: readJson, events: openStream, bytes: openBytes } as const

function kindOf([response]: readonly Response[]): keyof typeof OPEN {
  const contentType = response?.headers.get('content-type') ?? ''
  if (contentType.includes('text/event-stream')) return 'events'
  return contentType.includes('json') ? 'json' : 'bytes'
}

/** Throws an `UpstreamFailure` for every answer but a 200. */
async function send<W extends Wire>(
  ports: AttemptPorts,
  { url, headers, provider }: AttemptInput<W>,
  body: BodyInit,
  signal: AbortSignal,
): Promise<Response> {
  const response = await ports.fetch(
    new Request(url, { method: 'POST', headers, body, redirect: 'manual', signal }),
  )
  if (response.status > 200 && response.status < 300) throw new UpstreamFailure(GARBLED) // no answer to a question
  if (response.status !== 200) throw new UpstreamFailure(await readFailure(response, provider))
  return response
}

/** The provider, with errors that do not tell the address it was reached by. */
export function withoutAddress({
  provider,
  url,
}: {
  readonly provider: Provider
  readonly url: string
}): Provider {
  return {
    ...provider,
    classify(status, headers, body) {
      const failure = provider.classify(status, headers, body)
      return { ...failure, message: failure.message.replaceAll(new URL(url).host, '[upstream]') }
    },
  }
}
