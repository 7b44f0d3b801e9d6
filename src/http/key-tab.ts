import type { Context } from 'hono'
import { dayOf } from '../catalog/civil-date.ts'
import { GatewayError } from '../errors.ts'
import { unknownModel } from '../gateway/plan/candidates.ts'
import type { SessionGuard } from '../gateway/realtime/socket-relay.ts'
import type { Call, Scope, Served, Settled } from '../gateway/types.ts'
import type { HeldKey } from '../keys/isolate/key-ring.ts'
import { authorize } from '../keys/record.ts'
import { denialError, uncheckedKey } from '../keys/refusal.ts'
import { openTab, type Tab } from '../keys/isolate/tab.ts'
import type { EndpointId } from '../protocol/index.ts'
import { modelAsked } from '../protocol/realtime.ts'
import type { AppEnv } from './env.ts'

/** How long a session may be set aside for; the provider ends it sooner. */
const SESSION_MS = 3_600_000
/** An answer that is there has left long before. */
const KEPT_MS = 60_000

interface Wanted {
  readonly endpoint?: string
  readonly model?: string
}

/** Throws unless the caller's virtual key may do this. What its scopes leave out does not exist for it. */
export function allow(c: Context<AppEnv>, wanted: Wanted, cost?: 'unbounded'): void {
  const held = c.get('held')
  if (held === undefined) return
  const denial = authorize(held.key, { ...wanted, now: c.get('services').timers.now() })
  if (denial === 'model' && wanted.model !== undefined) throw unknownModel(wanted.model)
  if (denial !== undefined) throw denialError(denial)
  if (cost === 'unbounded' && isCounted(held)) throw beyondCounting()
}

/** Whether the caller's virtual key may do this; whoever has none may do anything. */
export function isAllowed(c: Context<AppEnv>, wanted: Wanted): boolean {
  const held = c.get('held')
  if (held === undefined) return true
  return authorize(held.key, { ...wanted, now: c.get('services').timers.now() }) === undefined
}

/** Ephemeral secrets and calls past the gateway: nobody here would see what they use. */
function isCounted({ key: { limits, budgets } }: HeldKey): boolean {
  const { tokensPerMinute, concurrent } = limits
  return [tokensPerMinute, concurrent, ...Object.values(budgets)].some((limit) => limit !== undefined)
}

function beyondCounting(): GatewayError {
  const message = 'This opens a way past the gateway, where nothing is counted: a key with limits may not.'
  return new GatewayError('not_allowed', message, { retry: false })
}

/** The tab of a call on a virtual key, once it is known to be allowed; undefined for all other callers. */
export function tabOf<E extends EndpointId>(c: Context<AppEnv>, call: Call<E>): Tab | undefined {
  if (c.get('held') === undefined) return undefined
  const { endpoint, request } = call
  allow(c, { endpoint, model: request.model }, endpoint === 'clientSecrets' ? 'unbounded' : undefined)
  return newTab(c)
}

function newTab(c: Context<AppEnv>): Tab | undefined {
  const { held, services, requestId, startedAt } = c.var
  const { keys, priceOf } = services
  if (held === undefined || keys === undefined) return undefined
  const defer = (work: Promise<unknown>): void => c.executionCtx.waitUntil(work)
  return openTab({ ring: keys.ring, held, date: dayOf(startedAt), priceOf, defer }, requestId)
}

/** The tab of a session: counted as a request for as long as it lasts. Throws for a key that may not open one. */
export async function sessionTab(
  c: Context<AppEnv>,
  model: string,
  cost?: 'unbounded',
): Promise<Tab | undefined> {
  allow(c, { endpoint: 'realtime', model }, cost)
  const tab = newTab(c)
  await tab?.admitUnbounded(SESSION_MS)
  return tab
}

/** Watches over a session for as long as it lasts: its key may end, and its events may ask for another model. */
export function sessionGuard(c: Context<AppEnv>, asked: string): SessionGuard | undefined {
  const { held, services } = c.var
  if (held === undefined || services.keys === undefined) return undefined
  const standing = services.keys.ring.standing(held, (work) => c.executionCtx.waitUntil(work))
  const scoped = held.key.scopes.models !== undefined
  return {
    ends(heard) {
      const why = standing({ endpoint: 'realtime', model: asked }, heard)
      if (why === 'unavailable') return uncheckedKey()
      return why && denialError(why)
    },
    ...(scoped && {
      refuses(frame, served) {
        const model = modelAsked(frame)
        const fine = model === undefined || model === asked || model === served
        return fine || isAllowed(c, { model }) ? undefined : unknownModel(model)
      },
    }),
  }
}

/** The tab of a question about what was made before: counted as a request, and as one that runs until it is settled. */
export async function freeTab(c: Context<AppEnv>, callMs: number): Promise<Tab | undefined> {
  const tab = newTab(c)
  await tab?.admitFree(callMs)
  return tab
}

/** What the gateway asks of a tab: before anything is sent, and before an answer is given that was made earlier. */
export const admissionsOf = (tab: Tab): Pick<Scope, 'admit' | 'admitKept'> => ({
  admit: tab.admit,
  admitKept: () => tab.admitFree(KEPT_MS),
})

/** Settles the tab behind what is served, or at once if nothing is. */
export async function runUp<T extends Pick<Served, 'settled'>>(
  c: Context<AppEnv>,
  tab: Tab,
  serving: Promise<T>,
): Promise<T> {
  try {
    const served = await serving
    c.executionCtx.waitUntil(served.settled.then(tab.settle))
    return served
  } catch (thrown) {
    tab.settle(undefined)
    throw thrown
  }
}

/** With the metadata of the virtual key, which no request can write over: it is whom the operator charges. */
export function tagged(c: Context<AppEnv>, settled: Settled): Settled {
  return withMetadata(c.get('held'), settled)
}

export function withMetadata(held: HeldKey | undefined, settled: Settled): Settled {
  const metadata = held?.key.scopes.metadata
  return metadata === undefined
    ? settled
    : { ...settled, tags: { ...metadata, ...settled.tags, ...metadata } }
}
