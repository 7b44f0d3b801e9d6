import { formatUsd } from '../../catalog/money.ts'
import { dayOf } from '../../catalog/civil-date.ts'
import { endpointOf, type EndpointId } from '../../protocol/index.ts'
import type { Media } from '../../providers/provider.ts'
import type { RouteTarget } from '../plan/candidates.ts'
import { demandOf } from '../plan/demand.ts'
import {
  type Explained,
  type Explanation,
  explanation,
  onlyLooking,
  orRefused,
  shownAddress,
} from './explanation.ts'
import { withOwnKey } from '../plan/own-key.ts'
import { EXPECTED_OUTPUT_TOKENS, planRequest, type Ranked, type Reserved } from '../plan/planning.ts'
import { promptTokens } from '../../router/estimate.ts'
import { prepare } from '../attempt/prepare.ts'
import { resolveCall } from '../plan/resolve-call.ts'
import { shownBody } from './shown-body.ts'
import type { Call, Ports, Run, Scope } from '../types.ts'

export type Explain = <E extends EndpointId>(call: Call<E>, scope: Scope) => Promise<Explanation>

/** Stands for bytes that would have been fetched: explaining calls nobody. */
const NOT_FETCHED: Media = { mimeType: 'image/png', data: 'bm90IGZldGNoZWQ=' }

/** Says what the gateway would do with a request, without calling anyone. */
export function createExplain(ports: Ports): Explain {
  return async (call, asked) => {
    const scope = withOwnKey(ports, call.request.model, asked)
    const endpoint = endpointOf(call.endpoint)
    endpoint.check(call.request)
    for (const reference of endpoint.media(call.request)) ports.checkMedia(reference, scope.host)
    const resolved = resolveCall(ports, call, scope)
    const planning = planRequest(onlyLooking(ports), demandOf(call, scope), scope, resolved)
    const tokens = promptTokens(call.request)
    const run: Run = {
      deadline: Number.POSITIVE_INFINITY,
      signal: scope.signal,
      pseudonyms:
        scope.principal.credential === undefined ? await ports.pseudonyms(scope.principal, call.request) : {},
      media: new Map(endpoint.media(call.request).map(({ url }) => [url, NOT_FETCHED])),
    }
    const explained = (ranked: Ranked | Reserved): Promise<Explained> =>
      explainTarget(ports, call, scope, { ranked, run, tokens })
    return explanation({ resolved, planning, model: call.request.model }, scope, explained)
  }
}

async function explainTarget<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  about: { readonly ranked: Ranked | Reserved; readonly run: Run; readonly tokens: number },
): Promise<Explained> {
  const { ranked, run, tokens } = about
  return orRefused(ranked, async () => {
    const { url, headers, parts, adapted } = await prepare(ports, call, scope, { candidate: ranked, run })
    return {
      method: 'POST',
      ...shownAddress(ports, scope, ranked, { url, headers }),
      bodies: await Promise.all(parts.map(({ body }) => shownBody(body, headers['content-type'] ?? ''))),
      adapted,
      estimated_cost_usd: estimate(ports, ranked, tokens),
    }
  })
}

function estimate(ports: Ports, { card, target }: RouteTarget, tokens: number): string | null {
  if (tokens === 0) return null
  const usage = { inputTokens: tokens, outputTokens: EXPECTED_OUTPUT_TOKENS }
  const price = ports.priceOf({
    card,
    model: target.model,
    served: {},
    usage,
    date: dayOf(ports.timers.now()),
  })
  return price === undefined ? null : formatUsd(price.picoUsd)
}
