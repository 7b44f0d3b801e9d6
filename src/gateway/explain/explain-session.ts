import {
  type Explained,
  type Explanation,
  explanation,
  onlyLooking,
  orRefused,
  shownAddress,
} from './explanation.ts'
import { type Door, doorOf, sessionDemand } from '../realtime/handshake.ts'
import { withOwnKey } from '../plan/own-key.ts'
import { planRequest, type Ranked, type Reserved } from '../plan/planning.ts'
import { type CallOffer, post } from '../realtime/realtime-call.ts'
import { upgrade } from '../realtime/realtime.ts'
import { resolveFor } from '../plan/resolve-call.ts'
import { shownBody } from './shown-body.ts'
import type { Ports, Scope } from '../types.ts'

/** A realtime session that somebody may want: by a socket whose URL has this query, or by a call. */
export type SessionAsked =
  | { readonly model: string; readonly query: URLSearchParams }
  | { readonly model: string; readonly offer: CallOffer }
export type ExplainSession = (asked: SessionAsked, scope: Scope) => Promise<Explanation>

/** Says at whose door the gateway would knock for a session and how, without calling anyone. */
export function createExplainSession(ports: Ports): ExplainSession {
  return async (asked, from) => {
    const { model } = asked
    const scope = withOwnKey(ports, model, from)
    const resolved = resolveFor(ports, { model, capability: 'realtime' }, scope)
    const planning = planRequest(onlyLooking(ports), sessionDemand(model, scope), scope, resolved)
    const explained = (ranked: Ranked | Reserved): Promise<Explained> =>
      orRefused(ranked, async () => {
        const knock = knockOf(asked, doorOf(ports, scope, model, ranked), scope)
        const headers = Object.fromEntries(knock.headers)
        return {
          method: knock.method,
          ...shownAddress(ports, scope, ranked, { url: knock.url, headers }),
          bodies: knock.body === null ? [] : [await shownBody(knock.body, headers['content-type'] ?? '')],
          adapted: [],
          // What a session will use nobody can say beforehand.
          estimated_cost_usd: null,
        }
      })
    return explanation({ resolved, planning, model }, scope, explained)
  }
}

const knockOf = (asked: SessionAsked, door: Door, { signal }: Scope): Request =>
  'offer' in asked ? post(asked.offer, door, signal) : upgrade(asked.query, door, signal)
