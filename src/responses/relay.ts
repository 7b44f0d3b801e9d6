import type { ProviderEntry, Registry } from '../config/registry.ts'
import { toAnswer } from '../gateway/attempt/answer.ts'
import { failureOf } from '../gateway/attempt/failure-of.ts'
import { noCredential } from '../gateway/attempt/prepare.ts'
import { readFailure } from '../gateway/attempt/read-failure.ts'
import type { Principal } from '../keys/principal.ts'
import type { Timers } from '../lib/clock.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import type { Provider } from '../providers/provider.ts'
import { notFound } from './errors.ts'
import type { Kept } from './kept.ts'

export interface RelayPorts {
  readonly fetch: (request: Request) => Promise<Response>
  readonly timers: Timers
  readonly registry: Registry
  readonly apis: Readonly<Record<ProviderEntry['api'], Provider>>
  /** Longest wait for the headers of an answer. */
  readonly timeoutMs: number
}
export interface Question {
  readonly method: string
  readonly id: string
  /** What follows the id: a part of the path, and the query. */
  readonly rest: string
  readonly kept: Kept & { readonly kind: 'relayed' }
  readonly principal: Principal
  readonly signal: AbortSignal
}

/** The caller's own, the deployment's, or one that the caller has brought again. */
function keyFor({ registry }: RelayPorts, { principal, kept }: Question): string {
  const key = principal.credential ?? registry.secret(kept.credential) ?? principal.brought?.[kept.provider]
  if (key === undefined) throw noCredential(kept.provider)
  return key
}

/** Asks the account that made a response, and gives back what it says as it comes. */
export async function askAccount(ports: RelayPorts, question: Question): Promise<Response> {
  const { method, id, rest, kept, principal, signal } = question
  const entry = ports.registry.providers.get(kept.provider)
  const provider = entry && ports.apis[entry.api]
  const codec = provider?.codecs.responses
  if (entry === undefined || provider === undefined || codec?.kind !== 'passthrough') throw notFound(id)
  const key = keyFor(ports, question)
  const url = `${entry.baseUrl}${codec.path}/${encodeURIComponent(id)}${rest}`
  const headers = { 'user-agent': 'llm-gateway', ...provider.authorize(key) }
  const own = new AbortController()
  const stop = ports.timers.after(ports.timeoutMs, () => own.abort(new UpstreamFailure(LATE)))
  const either = AbortSignal.any([signal, own.signal])
  try {
    const request = new Request(url, { method, headers, redirect: 'manual', signal: either })
    const response = await ports.fetch(request)
    if (response.status !== 200) throw new UpstreamFailure(await readFailure(response, provider))
    const type = response.headers.get('content-type') ?? 'application/json'
    return new Response(response.body, { headers: { 'content-type': type } })
  } catch (thrown) {
    throw toAnswer(failureOf(thrown, either), principal.credential !== undefined)
  } finally {
    stop()
  }
}

const LATE = { kind: 'request_timeout', message: 'The upstream provider timed out.' } as const
