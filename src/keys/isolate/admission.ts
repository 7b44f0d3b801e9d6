import { within } from '../../lib/within.ts'
import {
  accept,
  type Account,
  admitted,
  admittedInOutage,
  askAhead,
  askFor,
  observe,
  refusedAlready,
  refusedNow,
} from '../limits/account.ts'
import { planFlush } from './flush.ts'
import { type Isolate, talk } from './isolate.ts'
import type { AdmitContext, Admission, Defer, HeldKey } from './key-ring.ts'
import type { Lease, Reservation } from '../limits/lease.ts'
import { rateHeaders } from '../limits/meters.ts'
import type { Ask, Shortage } from '../limits/quota.ts'
import { authorize } from '../record.ts'
import { type Refusal, refusalOf } from '../refusal.ts'
import type { SyncAnswer } from '../limits/sync.ts'

/** How long a request waits for the object's word on its limits. */
const ASK_WAIT_MS = 2_000
/** When a caller may try again while the object is out of reach. */
const UNAVAILABLE_MS = 1_000

export function admit(
  isolate: Isolate,
  { key, account }: HeldKey,
  call: Reservation,
  context: AdmitContext,
): Admission | Promise<Admission> {
  const now = isolate.ports.timers.now()
  observe(account, call, now)
  const lease = admitted(account, key, call, now)
  if (lease === undefined) {
    const shortage = refusedAlready(account, call, now)
    if (shortage !== undefined) return no(account, shortage)
  }
  if (lease === undefined) return askNow(isolate, { key, account }, call, context)
  const ahead = askAhead(account, call, context.callMs, now)
  if (ahead !== undefined) context.defer(fetchAhead(isolate, account, ahead, context.defer))
  planFlush(isolate, account, context.defer)
  return yes(account, lease, call)
}

function yes(account: Account, lease: Lease, call: Reservation): Admission {
  return {
    ok: true,
    admitted: { call: call.id, lease, account },
    headers: rateHeaders(account.meters, lease.left),
  }
}

function no(account: Account, shortage: Shortage): Admission {
  return { ok: false, refusal: refusalOf(shortage, rateHeaders(account.meters)) }
}

async function fetchAhead(isolate: Isolate, account: Account, ask: Ask, defer: Defer): Promise<void> {
  const at = isolate.ports.timers.now()
  try {
    const { granted } = await talk(isolate, account, ask)
    if (granted !== undefined) accept(account, granted, at)
    planFlush(isolate, account, defer)
  } catch {
    // the lease at hand serves on; whoever needs another asks for it
  }
}

async function askNow(
  isolate: Isolate,
  { key, account }: Pick<HeldKey, 'key' | 'account'>,
  call: Reservation,
  { callMs, defer }: AdmitContext,
): Promise<Admission> {
  const { timers } = isolate.ports
  const at = timers.now()
  let waiting = true
  let said: { readonly answer: SyncAnswer; readonly lease: Lease | undefined } | undefined
  const work = talk(isolate, account, askFor(account, call, callMs, at)).then((answer) => {
    // A grant that comes too late for its call serves others, or goes back.
    const lease = answer.granted && accept(account, answer.granted, at, waiting ? call : undefined)
    if (waiting) said = { answer, lease }
    else planFlush(isolate, account, defer)
  })
  defer(work.catch(() => undefined))
  await within(
    timers,
    ASK_WAIT_MS,
    work.catch(() => undefined),
  )
  waiting = false
  const now = timers.now()
  const lease =
    said === undefined ? admittedInOutage(account, key, call, now) : leaseIn(account, said, call, now)
  planFlush(isolate, account, defer)
  if (lease !== undefined) return yes(account, lease, call)
  const shortage = said?.answer.shortage
  if (shortage === undefined) return { ok: false, refusal: refusalFrom(said?.answer, now) }
  refusedNow(account, shortage, call, now)
  return no(account, shortage)
}

/** Meanwhile another call may have brought a lease, or the key may have lost its limits. */
function leaseIn(
  account: Account,
  { answer, lease }: { readonly answer: SyncAnswer; readonly lease: Lease | undefined },
  call: Reservation,
  now: number,
): Lease | undefined {
  const { key } = answer
  if (lease !== undefined || key === undefined || authorize(key, { now }) !== undefined) return lease
  return admitted(account, key, call, now)
}

function refusalFrom(answer: SyncAnswer | undefined, now: number): Refusal {
  if (answer === undefined)
    return { kind: 'unavailable', never: false, retryAfterMs: UNAVAILABLE_MS, headers: {} }
  const denial = answer.key && authorize(answer.key, { now })
  return { kind: denial ?? 'revoked', never: true, headers: {} }
}
