import type { About, Hook } from '../hooks/hook.ts'
import { scanJson } from '../lib/json-scan.ts'
import { endpointOf, type EndpointId } from '../protocol/index.ts'
import type { Explain } from './explain.ts'
import type { Call, Gateway, RawBody, Scope, Settled, Tags } from './types.ts'

type Complain = (message: string) => void

/** The gateway with hooks around it; without any it is the gateway itself. */
export function hooked(gateway: Gateway, hooks: readonly Hook[], complain: Complain): Gateway {
  if (hooks.length === 0) return gateway
  return async (call, scope) => {
    const about = aboutOf(call, scope)
    const before = await beforehand(hooks, call, about)
    const served = await gateway(before.call, scope)
    const settled = served.settled.then((end) =>
      afterwards(hooks, { endpoint: call.endpoint, settled: { ...end, tags: before.tags }, about }, complain),
    )
    return { ...served, settled }
  }
}

/** Explains what would be done with the request that the hooks make of it. */
export function hookedExplain(explain: Explain, hooks: readonly Hook[]): Explain {
  if (hooks.length === 0) return explain
  return async (call, scope) => explain((await beforehand(hooks, call, aboutOf(call, scope))).call, scope)
}

function aboutOf(call: Call<EndpointId>, { id, principal, header }: Scope): About {
  return { id, endpoint: call.endpoint, tenant: principal.tenant, keyId: principal.keyId, header }
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
  readonly endpoint: E
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
  const handle = answer?.[endpoint]
  if (handle === undefined || settled.answer === undefined) return undefined
  return endpointOf(endpoint).answers(settled.answer) ? handle(settled.answer, about) : undefined
}

const joined = (under: Tags | undefined, over: Tags | undefined): Tags | undefined =>
  under === undefined || over === undefined ? (over ?? under) : { ...under, ...over }
