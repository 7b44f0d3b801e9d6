import type { About, Hook } from '../hooks/hook.ts'
import { scanJson } from '../lib/json-scan.ts'
import { endpointOf, type EndpointId } from '../protocol/index.ts'
import type { SessionRequest } from '../protocol/realtime.ts'
import type { Explain } from './explain/explain.ts'
import type { Call, Gateway, RawBody, Scope, Served, Settled, Tags } from './types.ts'

type Complain = (message: string) => void

/** The gateway with hooks around it; without any it is the gateway itself. */
export function hooked(gateway: Gateway, hooks: readonly Hook[], complain: Complain): Gateway {
  if (hooks.length === 0) return gateway
  return async (call, scope) => {
    const { endpoint } = call
    const about = aboutOf(endpoint, scope)
    const before = await beforehand(hooks, call, about)
    const served = await gateway(before.call, scope)
    const settled = served.settled.then((end) =>
      afterwards(hooks, { endpoint, settled: { ...end, tags: before.tags }, about }, complain),
    )
    return { ...served, settled }
  }
}

/**
 * What opens sessions, with hooks around it: they may refuse the handshake, and tag it and its end. There is no body
 * to rewrite, and no answer but the session itself, which passes them by.
 */
export function hookedSessions<Asked, Opened extends Pick<Served, 'settled'>>(
  open: (asked: Asked, scope: Scope) => Promise<Opened>,
  requestOf: (asked: Asked) => SessionRequest,
  hooks: readonly Hook[],
  complain: Complain,
): (asked: Asked, scope: Scope) => Promise<Opened> {
  if (hooks.length === 0) return open
  return async (asked, scope) => {
    const about = aboutOf('realtime', scope)
    const request = requestOf(asked)
    let tags: Tags | undefined
    for (const hook of hooks) tags = joined(tags, await hook.request?.(request, about))
    const opened = await open(asked, scope)
    const settled = opened.settled.then((end) =>
      afterwards(hooks, { endpoint: undefined, settled: { ...end, tags }, about }, complain),
    )
    return { ...opened, settled }
  }
}

/** Explains what would be done with the request that the hooks make of it. */
export function hookedExplain(explain: Explain, hooks: readonly Hook[]): Explain {
  if (hooks.length === 0) return explain
  return async (call, scope) =>
    explain((await beforehand(hooks, call, aboutOf(call.endpoint, scope))).call, scope)
}

function aboutOf(endpoint: About['endpoint'], { id, principal, header }: Scope): About {
  return { id, endpoint, tenant: principal.tenant, keyId: principal.keyId, header }
}

async function beforehand<E extends EndpointId>(
  hooks: readonly Hook[],
  call: Call<E>,
  about: About,
): Promise<{ readonly call: Call<E>; readonly tags: Tags | undefined }> {
  let { request } = call
  let tags: Tags | undefined
  for (const hook of hooks) {
    if (call.raw.kind === 'json') request = (await hook.rewrite?.[call.endpoint]?.(request, about)) ?? request
    tags = joined(tags, await hook.request?.(request, about))
  }
  return { call: request === call.request ? call : { ...call, request, raw: rawOf(request) }, tags }
}

/** What the body would have been if the caller had sent this. */
function rawOf(request: object): RawBody {
  const text = JSON.stringify(request)
  return {
    kind: 'json',
    text,
    bytes: new Uint8Array(new TextEncoder().encode(text)),
    members: scanJson(text),
  }
}

interface End<E extends EndpointId> {
  /** Undefined of a session, which has no answer. */
  readonly endpoint: E | undefined
  readonly settled: Settled
  readonly about: About
}

/** The answer is on its way: a hook that fails here costs its own tags, nothing else. */
function afterwards<E extends EndpointId>(hooks: readonly Hook[], end: End<E>, complain: Complain): Settled {
  let { tags } = end.settled
  for (const hook of hooks) {
    try {
      tags = joined(tags, answered(hook, end))
      tags = joined(tags, hook.settled?.({ ...end.settled, tags }, end.about))
    } catch (thrown) {
      complain(`The hook '${hook.name}' failed: ${thrown instanceof Error ? thrown.message : 'unknown'}`)
    }
  }
  return { ...end.settled, tags }
}

function answered<E extends EndpointId>({ answer }: Hook, end: End<E>): Tags | undefined {
  const { endpoint, settled, about } = end
  if (endpoint === undefined || settled.answer === undefined) return undefined
  const handle = answer?.[endpoint]
  if (handle === undefined) return undefined
  return endpointOf(endpoint).answers(settled.answer) ? handle(settled.answer, about) : undefined
}

const joined = (under: Tags | undefined, over: Tags | undefined): Tags | undefined =>
  under === undefined || over === undefined ? (over ?? under) : { ...under, ...over }
