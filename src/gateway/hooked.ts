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
      afterwards(hooks, { ...end, tags: before.tags }, about, complain),
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
    request = (await hook.rewrite?.[call.endpoint]?.(request, about)) ?? request
    tags = joined(tags, await hook.request?.(request, about))
  }
  return { call: request === call.request ? call : { ...call, request, raw: rawOf(request) }, tags }
}

/** What the body would have been if the caller had sent this. */
function rawOf(request: object): RawBody {
  const text = JSON.stringify(request)
  return { text, bytes: new Uint8Array(new TextEncoder().encode(text)), members: scanJson(text) }
}

/** The answer is on its way: a hook that fails here costs its own tags, nothing else. */
function afterwards(hooks: readonly Hook[], settled: Settled, about: About, complain: Complain): Settled {
  let { tags } = settled
  for (const hook of hooks) {
    try {
      tags = joined(tags, answered(hook, settled.response, about))
      tags = joined(tags, hook.settled?.({ ...settled, tags }, about))
    } catch (thrown) {
      complain(`The hook '${hook.name}' failed: ${thrown instanceof Error ? thrown.message : 'unknown'}`)
    }
  }
  return { ...settled, tags }
}

function answered({ answer }: Hook, response: object | undefined, about: About): Tags | undefined {
  const handle = answer?.[about.endpoint]
  if (handle === undefined || response === undefined) return undefined
  return endpointOf(about.endpoint).answers(response) ? handle(response, about) : undefined
}

const joined = (under: Tags | undefined, over: Tags | undefined): Tags | undefined =>
  under === undefined || over === undefined ? (over ?? under) : { ...under, ...over }
