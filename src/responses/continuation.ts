import { CLIENT } from '../gateway/plan/candidates.ts'
import type { Call, Served, Settled } from '../gateway/types.ts'
import type { Principal } from '../keys/principal.ts'
import type { Chance } from '../lib/chance.ts'
import { isOwnResponse } from '../protocol/bridge/response-shell.ts'
import type { Target } from '../providers/provider.ts'
import { madeElsewhere, previousNotFound, sharedConversation } from './errors.ts'
import { identified, inputItems } from './items.ts'
import { type Beginner, type Due, dueOf } from './due.ts'
import { isResponse } from './is-response.ts'
import type { Kept } from './kept.ts'
import type { KeptResponses } from './store.ts'

type ResponsesCall = Call<'responses'>

/**
 * The call with what an earlier response left: the items that came before, or the one account that has them. A
 * conversation is made past the gateway, which cannot know whose it is.
 */
export async function continued(
  store: KeptResponses,
  call: ResponsesCall,
  { tenant, sharesAccount }: Pick<Principal, 'tenant' | 'sharesAccount'>,
): Promise<ResponsesCall> {
  const { previous_response_id: id, conversation } = call.request
  if (sharesAccount === true && conversation !== undefined && conversation !== null)
    return {
      ...call,
      only: { serves: ({ credential }) => credential === CLIENT, otherwise: sharedConversation },
    }
  if (id === undefined || id === null) return call
  const kept = await store.find(tenant, id)
  if (kept === undefined) throw previousNotFound(id)
  if (kept.kind === 'held') {
    const input = [...kept.input, ...kept.response.output, ...inputItems(call.request)]
    return { ...call, request: { ...call.request, input } }
  }
  return { ...call, only: { serves: (target) => isAt(target, kept), otherwise: () => madeElsewhere(id) } }
}

function isAt({ provider, credential }: Target, kept: Kept & { readonly kind: 'relayed' }): boolean {
  return provider === kept.provider && credential === kept.credential
}

/**
 * Writes down what was answered, behind the answer: at once, at which account a response lies; at the end, all of
 * one that lies nowhere else. Rejects if it cannot be written.
 */
export async function remember(
  store: KeptResponses,
  {
    call,
    served,
    tenant,
    chance,
    beginner,
  }: {
    readonly call: ResponsesCall
    readonly served: Served
    readonly tenant: string
    readonly chance: Chance
    /** Who is charged for work that goes on behind the answer. */
    readonly beginner: Beginner
  },
): Promise<void> {
  // A kept answer was written down when it was made.
  if (call.request.store === false || served.cache?.ageSeconds !== undefined) return
  const keep: KeepOne = (id, kept) => store.keep(tenant, id, { ...kept, cacheName: served.cache?.name })
  const early = served.kind === 'answer' ? await whereItLies(served.facts, keep) : false
  const settled = await served.settled
  const { answer } = settled
  if (isResponse(answer) && isOwnResponse(answer.id)) {
    const input = identified(inputItems(call.request), chance)
    return keep(answer.id, { kind: 'held', input, response: answer })
  }
  const due = call.request.background === true ? dueOf(settled, beginner) : undefined
  if ((early && due === undefined) || settled.facts === undefined) return
  await whereItLies(settled.facts, keep, { answer, due })
}
type KeepOne = (id: string, kept: Kept) => Promise<void>

/** Whether it is known by now. A stream names its response in its first event. */
async function whereItLies(
  { served, target: { provider, credential } }: NonNullable<Settled['facts']>,
  keep: KeepOne,
  { answer, due }: { readonly answer?: object | undefined; readonly due?: Due | undefined } = {},
): Promise<boolean> {
  const id = served.id ?? (isResponse(answer) ? answer.id : undefined)
  if (id === undefined || isOwnResponse(id)) return false
  await keep(id, { kind: 'relayed', provider, credential, due })
  return true
}
