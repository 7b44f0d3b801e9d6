import type { Context } from 'hono'
import { dayOf } from '../catalog/civil-date.ts'
import type { Settled } from '../gateway/types.ts'
import { nanoUsdOf } from '../keys/isolate/tab.ts'
import type { Done, Due } from '../responses/due.ts'
import { LOOKED, workOf } from '../responses/due.ts'
import type { Kept } from '../responses/kept.ts'
import { refusedBy } from './about.ts'
import type { AppEnv } from './env.ts'
import { toGatewayError } from './errors.ts'
import { allow, freeTab, tagged } from './key-tab.ts'

/** Names of questions about a response, in the books: they are requests of their own, which use nothing. */
export type LookName = `responses.${'retrieve' | 'delete' | 'cancel' | 'input_items'}`
export type Relayed = Extract<Kept, { readonly kind: 'relayed' }>

/** What was found out, and when that is over: a stream that is watched again lasts. */
export interface Looked {
  readonly response: Response
  readonly over?: Promise<unknown> | undefined
  /** What was done in the background and is not booked yet, if this look shows it: asked once the look is over. */
  readonly owed?: (() => Promise<Owed | undefined>) | undefined
}
interface Owed {
  readonly due: Due
  readonly work: Work
}
type Work = ReturnType<typeof workOf>

/** Answers a question about a response as a request: counted on the caller's key, and booked. */
export async function look(
  c: Context<AppEnv>,
  name: LookName,
  find: () => Promise<Looked>,
): Promise<Response> {
  allow(c, { endpoint: 'responses' })
  try {
    const tab = await freeTab(c, c.get('services').config.timeouts.requestMs)
    const looked = await find().catch((thrown: unknown) => {
      tab?.settle(undefined)
      throw thrown
    })
    const end = ended(c, name, looked).finally(() => tab?.settle(undefined))
    c.executionCtx.waitUntil(
      end.catch((thrown: unknown) => c.get('services').report(c.get('requestId'), toGatewayError(thrown))),
    )
    for (const [header, value] of Object.entries(tab?.headers ?? {}))
      looked.response.headers.set(header, value)
    return looked.response
  } catch (thrown) {
    book(c, name, refusedBy(thrown))
    throw thrown
  }
}

/** Takes what is due for a response that is done, so that nobody else does. */
export async function claim(
  c: Context<AppEnv>,
  id: string,
  kept: Relayed,
  find: () => Promise<Done | undefined>,
): Promise<Owed | undefined> {
  if (kept.due === undefined) return undefined
  const { services, principal } = c.var
  const done = await find()
  const due = done && (await services.responses.store.claim(principal.tenant, id))
  return due && { due, work: workOf(due, done, { provider: kept.provider, credential: kept.credential }) }
}

/** The first look that shows work in the background done is booked with what that used. */
async function ended(c: Context<AppEnv>, name: LookName, { over, owed }: Looked): Promise<void> {
  let found: Owed | undefined
  try {
    await over
    found = await owed?.()
  } finally {
    book(c, name, found?.work ?? LOOKED, found?.due)
  }
  if (found !== undefined) await giveBack(c, found)
}

/** Together, so that a look that is never over is missed by nobody. */
function book(c: Context<AppEnv>, endpoint: LookName, end: Settled, due?: Due): void {
  const { services, principal, requestId, startedAt } = c.var
  const defer = (work: Promise<unknown>): void => c.executionCtx.waitUntil(work)
  const keyId = due?.keyId ?? principal.keyId
  services.begin(keyId, defer)
  services.settled(
    due === undefined ? tagged(c, end) : end,
    {
      requestId,
      tenant: principal.tenant,
      keyId,
      endpoint,
      asked: due?.asked ?? '',
      route: due?.route,
      startedAt,
      promptTokens: 0,
    },
    defer,
  )
}

/** What the key was charged until now was the worst case. What nobody has a price for stays so. */
async function giveBack(
  c: Context<AppEnv>,
  { due: { keyId, charged, at }, work: { facts } }: Owed,
): Promise<void> {
  const { keys, priceOf } = c.get('services')
  if (charged === undefined || facts.usage === undefined) return
  const { card, served, usage, target } = facts
  const price = priceOf({ card, served, model: target.model, usage, date: dayOf(c.get('startedAt')) })
  const nanoUsd = price && charged - nanoUsdOf(price.picoUsd)
  if (nanoUsd !== undefined && nanoUsd > 0) await keys?.giveBack(keyId, { nanoUsd, at })
}
