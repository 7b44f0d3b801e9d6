import { formatUsd } from '../catalog/money.ts'
import { dayOf } from '../catalog/civil-date.ts'
import { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId } from '../protocol/index.ts'
import type { Turns } from '../router/candidate.ts'
import type { Media } from '../providers/provider.ts'
import type { RouteTarget } from './candidates.ts'
import { demandOf } from './demand.ts'
import { withOwnKey } from './own-key.ts'
import {
  EXPECTED_OUTPUT_TOKENS,
  idOf,
  planRequest,
  type Ranked,
  refusalOf,
  type Reserved,
} from './planning.ts'
import { promptTokens } from '../router/estimate.ts'
import { prepare } from './prepare.ts'
import { resolveCall } from './resolve-call.ts'
import { shownBody } from './shown-body.ts'
import { leftOutOf, traceOf } from './trace.ts'
import type { Call, Ports, Run, Scope } from './types.ts'

/** What would be sent to one target, or why it would not be. */
type Explained =
  | {
      readonly target: string
      readonly score: number
      readonly method: 'POST'
      /** The origin is shown as the provider's name. */
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      readonly bodies: readonly unknown[]
      readonly adapted: readonly string[]
      readonly estimated_cost_usd: string | null
      /** It stands behind those that have leave to be tried. */
      readonly left_out?: string
    }
  | { readonly target: string; readonly score: number; readonly refused: object }
  /** Nothing would be sent to it in any case. */
  | { readonly target: string; readonly left_out: string }

export interface Explanation {
  readonly route: string | null
  readonly lifecycle: object
  readonly decision: object
  /** What the caller would be told at once, where nobody would be tried. */
  readonly refused: object | null
  readonly targets: readonly Explained[]
}
export type Explain = <E extends EndpointId>(call: Call<E>, scope: Scope) => Promise<Explanation>

const unchanged = (turns: Turns): Turns => ({ get: (key) => turns.get(key), set: () => undefined })

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
    // Only looked at: nobody's turn is over, and health learns nothing of it.
    const planning = planRequest(
      { ...ports, turns: unchanged(ports.turns) },
      demandOf(call, scope),
      scope,
      resolved,
    )
    const tokens = promptTokens(call.request)
    const run: Run = {
      deadline: Number.POSITIVE_INFINITY,
      signal: scope.signal,
      pseudonyms:
        scope.principal.credential === undefined ? await ports.pseudonyms(scope.principal, call.request) : {},
      media: new Map(endpoint.media(call.request).map(({ url }) => [url, NOT_FETCHED])),
    }
    const { observe } = scope.principal.may
    const leftOut = new Map(planning.plan.dropped.map((each) => [each.id, leftOutOf(each, observe)]))
    const standing = await Promise.all(
      [...planning.order, ...planning.reserve].map(async (ranked): Promise<Explained> => {
        const explained = await explainTarget(ports, call, scope, { ranked, run, tokens })
        const why = ranked.permit === undefined ? leftOut.get(idOf(ranked))?.why : undefined
        return why === undefined ? explained : { ...explained, left_out: why }
      }),
    )
    for (const ranked of [...planning.order, ...planning.reserve]) leftOut.delete(idOf(ranked))
    const unfit = [...leftOut.values()].map(({ target, why }) => ({ target, left_out: why }))
    return {
      route: resolved.name ?? null,
      lifecycle: resolved.lifecycle,
      decision: traceOf(planning, [], observe),
      refused: planning.order.length > 0 ? null : refusalOf(planning, call.request.model).toBody().error,
      targets: [...standing, ...unfit],
    }
  }
}

async function explainTarget<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  about: { readonly ranked: Ranked | Reserved; readonly run: Run; readonly tokens: number },
): Promise<Explained> {
  const { ranked, run, tokens } = about
  const place = { target: ranked.target.id, score: ranked.score }
  try {
    const { url, headers, parts, adapted } = await prepare(ports, call, scope, { candidate: ranked, run })
    const entry = ports.registry.providers.get(ranked.target.provider)
    return {
      ...place,
      method: 'POST',
      url: url.replace(entry?.baseUrl ?? '', ranked.target.provider),
      headers: hideCredentials(
        headers,
        scope.principal.credential ?? ports.registry.secret(ranked.target.credential),
      ),
      bodies: await Promise.all(parts.map(({ body }) => shownBody(body, headers['content-type'] ?? ''))),
      adapted,
      estimated_cost_usd: estimate(ports, ranked, tokens),
    }
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { ...place, refused: thrown.toBody().error }
    throw thrown
  }
}

function hideCredentials(
  headers: Readonly<Record<string, string>>,
  secret: string | undefined,
): Record<string, string> {
  const shownHeaders = Object.entries(headers).map(([name, value]) => [
    name,
    secret === undefined ? value : value.replaceAll(secret, '[key]'),
  ])
  return Object.fromEntries(shownHeaders)
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
