import { GatewayError } from '../../errors.ts'
import type { Turns } from '../../router/candidate.ts'
import type { Resolved } from '../plan/candidates.ts'
import { idOf, type Planning, type Ranked, refusalOf, type Reserved } from '../plan/planning.ts'
import { leftOutOf, traceOf } from './trace.ts'
import type { Ports, Scope } from '../types.ts'

/** What would be sent. */
interface Sent {
  readonly method: string
  /** The origin is shown as the provider's name. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly bodies: readonly unknown[]
  readonly adapted: readonly string[]
  readonly estimated_cost_usd: string | null
}
/** What would be sent to one target, or why it would not be. */
export type Explained =
  | (Sent & {
      readonly target: string
      readonly score: number
      /** It stands behind those that have leave to be tried. */
      readonly left_out?: string
    })
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

/** Ports for a plan that is only looked at: nobody's turn is over, and health learns nothing of it. */
export const onlyLooking = (ports: Ports): Ports => ({ ...ports, turns: unchanged(ports.turns) })
const unchanged = (turns: Turns): Turns => ({ get: (key) => turns.get(key), set: () => undefined })

/** What was decided of a request, and by `explain` what each target would be sent. */
export async function explanation(
  decided: { readonly resolved: Resolved; readonly planning: Planning; readonly model: string },
  scope: Scope,
  explain: (ranked: Ranked | Reserved) => Promise<Explained>,
): Promise<Explanation> {
  const { resolved, planning, model } = decided
  const { observe } = scope.principal.may
  const leftOut = new Map(planning.plan.dropped.map((each) => [each.id, leftOutOf(each, observe)]))
  const standing = await Promise.all(
    [...planning.order, ...planning.reserve].map(async (ranked): Promise<Explained> => {
      const explained = await explain(ranked)
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
    refused: planning.order.length > 0 ? null : refusalOf(planning, model).toBody().error,
    targets: [...standing, ...unfit],
  }
}

/** What would be sent, or the refusal of the target that cannot take it. */
export async function orRefused(
  { target, score }: Ranked | Reserved,
  sent: () => Promise<Sent>,
): Promise<Explained> {
  const place = { target: target.id, score }
  try {
    return { ...place, ...(await sent()) }
  } catch (thrown) {
    if (thrown instanceof GatewayError) return { ...place, refused: thrown.toBody().error }
    throw thrown
  }
}

/** The origin as the provider's name, and no key. */
export function shownAddress(
  { registry }: Ports,
  { principal }: Scope,
  { target }: Ranked | Reserved,
  { url, headers }: Pick<Sent, 'url' | 'headers'>,
): Pick<Sent, 'url' | 'headers'> {
  const entry = registry.providers.get(target.provider)
  return {
    url: url.replace(entry?.baseUrl ?? '', target.provider),
    headers: hideCredentials(headers, principal.credential ?? registry.secret(target.credential)),
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
