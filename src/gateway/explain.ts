import { formatUsd } from '../catalog/money.ts'
import { dayOf } from '../catalog/civil-date.ts'
import { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId } from '../protocol/index.ts'
import type { Turns } from '../router/candidate.ts'
import type { Media } from '../providers/provider.ts'
import { parseJson } from './read-failure.ts'
import { demandOf } from './demand.ts'
import { withOwnKey } from './own-key.ts'
import { EXPECTED_OUTPUT_TOKENS, planRequest, type Ranked } from './planning.ts'
import { promptTokens } from '../router/estimate.ts'
import { prepare } from './prepare.ts'
import { resolveCall } from './resolve-call.ts'
import { traceOf } from './trace.ts'
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
    }
  | { readonly target: string; readonly score: number; readonly refused: object }

export interface Explanation {
  readonly route: string | null
  readonly lifecycle: object
  readonly decision: object
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
      order: planning.order,
      deadline: Number.POSITIVE_INFINITY,
      signal: scope.signal,
      pseudonyms:
        scope.principal.credential === undefined ? await ports.pseudonyms(scope.principal, call.request) : {},
      media: new Map(endpoint.media(call.request).map(({ url }) => [url, NOT_FETCHED])),
    }
    return {
      route: resolved.name ?? null,
      lifecycle: resolved.lifecycle,
      decision: traceOf(planning, []),
      targets: await Promise.all(
        planning.order.map((ranked) => explainTarget(ports, call, scope, { ranked, run, tokens })),
      ),
    }
  }
}

async function explainTarget<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  { ranked, run, tokens }: { readonly ranked: Ranked; readonly run: Run; readonly tokens: number },
): Promise<Explained> {
  const about = { target: ranked.target.id, score: ranked.score }
  try {
    const { url, headers, parts, adapted } = await prepare(ports, call, scope, { candidate: ranked, run })
    const entry = ports.registry.providers.get(ranked.target.provider)
    return {
      ...about,
      method: 'POST',
      url: url.replace(entry?.baseUrl ?? '', ranked.target.provider),
      headers: hideCredentials(
        headers,
        scope.principal.credential ?? ports.registry.secret(ranked.target.credential),
      ),
      bodies: parts.map(({ body }) => shown(body)),
      adapted,
      estimated_cost_usd: estimate(ports, ranked, tokens),
    }
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { ...about, refused: thrown.toBody().error }
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

function shown(body: BodyInit): unknown {
  const text =
    typeof body === 'string' ? body : body instanceof Uint8Array ? new TextDecoder().decode(body) : undefined
  return text === undefined ? '[stream]' : (parseJson(text) ?? text)
}

function estimate(ports: Ports, { card, target }: Ranked, tokens: number): string | null {
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
