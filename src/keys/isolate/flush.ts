import type { Timers } from '../../lib/clock.ts'
import { type Account, closeLease, flushDue, hasNews } from '../limits/account.ts'
import { type Isolate, talk } from './isolate.ts'
import type { Defer } from './key-ring.ts'

/** A report that failed is tried again after this, twice this, and so on. */
const RETRY_MS = 1_000
const TRIES = 3
/** Work behind a response is cut off after 30 s; this ends well before. */
const SHIFT_MS = 15_000

/** Sees to it that what the object should know is reported in time, behind some response. */
export function planFlush(isolate: Isolate, account: Account, defer: Defer): void {
  const now = isolate.ports.timers.now()
  const due = flushDue(account, now)
  const { flushAt } = account
  // One that should have run by now has died with its request.
  const planned = flushAt !== undefined && flushAt > now - RETRY_MS && flushAt <= (due ?? Infinity)
  if (due === undefined || planned) return
  account.flushAt = due
  defer(flush(isolate, account, due))
}

async function flush(isolate: Isolate, account: Account, first: number): Promise<void> {
  const { timers } = isolate.ports
  const startedAt = timers.now()
  let failures = 0
  for (let due: number | undefined = first; due !== undefined && failures < TRIES; account.flushAt = due) {
    await sleep(timers, due - timers.now())
    if (account.flushAt !== due) return // another request has taken over
    const last = timers.now() - startedAt > SHIFT_MS
    if (last && account.lease?.own === false) closeLease(account) // nobody may be there to close it later
    const told = !hasNews(account, timers.now()) || (await reported(isolate, account))
    if (account.flushAt !== due) return
    if (last) break
    if (!told) failures++
    due = told ? flushDue(account, timers.now()) : timers.now() + RETRY_MS * failures
  }
  account.flushAt = undefined
}

async function reported(isolate: Isolate, account: Account): Promise<boolean> {
  try {
    await talk(isolate, account)
    return true
  } catch {
    return false // still to be told; the next message to the object will carry it
  }
}

function sleep(timers: Timers, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  timers.after(Math.max(0, ms), () => resolve())
  return promise
}
