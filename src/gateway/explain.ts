import { formatUsd } from '../catalog/money.ts'
import { dayOf } from '../catalog/civil-date.ts'
import { GatewayError } from '../errors.ts'
import { endpointOf, type EndpointId } from '../protocol/index.ts'
import type { Media } from '../providers/provider.ts'
import { parseJson } from './read-failure.ts'
import { resolveCall } from './gateway.ts'
import { type Planning, planRequest, type Ranked } from './planning.ts'
import { prepare } from './prepare.ts'
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

/** Tokens of an answer nobody has written yet, for the estimate. */
const EXPECTED_OUTPUT_TOKENS = 300
/** Stands for bytes that would have been fetched: explaining calls nobody. */
const NOT_FETCHED: Media = { mimeType: 'image/png', data: 'bm90IGZldGNoZWQ=' }

/** Says what the gateway would do with a request, without calling anyone. */
export function createExplain(ports: Ports): Explain {
  return async (call, scope) => {
    const endpoint = endpointOf(call.endpoint)
    endpoint.check(call.request)
    for (const reference of endpoint.media(call.request)) ports.checkMedia(reference, scope.host)
    const resolved = resolveCall(ports, call, scope)
    const planning = planRequest(ports, call, scope, resolved)
    const run: Run = {
      order: planning.order,
      deadline: Number.POSITIVE_INFINITY,
      signal: scope.signal,
      pseudonyms:
        scope.principal.credential === undefined
          ? await ports.pseudonyms(scope.principal.tenant, call.request)
          : {},
      media: new Map(endpoint.media(call.request).map(({ url }) => [url, NOT_FETCHED])),
    }
    return {
      route: resolved.name ?? null,
      lifecycle: resolved.lifecycle,
      decision: traceOf(planning, []),
      targets: await Promise.all(
        planning.order.map((ranked) => explainTarget(ports, call, scope, { ranked, run, planning })),
      ),
    }
  }
}

async function explainTarget<E extends EndpointId>(
  ports: Ports,
  call: Call<E>,
  scope: Scope,
  { ranked, run, planning }: { readonly ranked: Ranked; readonly run: Run; readonly planning: Planning },
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
      estimated_cost_usd: estimate(ports, ranked, planning),
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

function estimate(ports: Ports, { card, target }: Ranked, planning: Planning): string | null {
  if (planning.promptTokens === 0) return null
  const usage = { inputTokens: planning.promptTokens, outputTokens: EXPECTED_OUTPUT_TOKENS }
  const date = dayOf(ports.timers.now())
  const price = ports.priceOf({ card, model: target.model, served: {}, usage, date })
  return price === undefined ? null : formatUsd(price.picoUsd)
}
