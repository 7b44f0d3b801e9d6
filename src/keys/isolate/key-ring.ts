import type { Account } from '../limits/account.ts'
import { admit } from './admission.ts'
import { planFlush } from './flush.ts'
import { createIsolate, type IsolatePorts } from './isolate.ts'
import { find, forget } from './key-view.ts'
import { type Actual, type Lease, type Reservation, settle } from '../limits/lease.ts'
import type { KeyView } from '../record.ts'
import type { Refusal } from '../refusal.ts'
import { type Standing, standingOf } from './standing.ts'

/** Keeps work alive behind a response. */
export type Defer = (work: Promise<unknown>) => void

/** A key that was presented and found, as one isolate holds it. */
export interface HeldKey {
  readonly key: KeyView
  /** The HMAC that it was presented by. */
  readonly hash: string
  /** Its object cannot be reached; this is the last copy. */
  readonly stale: boolean
  readonly account: Account
}
export type Found =
  | ({ readonly kind: 'found' } & HeldKey)
  /** Malformed, unknown, or replaced: not told apart. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unavailable' }

/** A call that was admitted and waits to be settled. */
export interface Admitted {
  readonly call: string
  readonly lease: Lease
  readonly account: Account
}
export type Admission =
  | { readonly ok: true; readonly admitted: Admitted; readonly headers: Readonly<Record<string, string>> }
  | { readonly ok: false; readonly refusal: Refusal }

export interface AdmitContext {
  /** How long the call may run. */
  readonly callMs: number
  readonly defer: Defer
}

/** The keys as one isolate sees them: the port that HTTP uses. */
export interface KeyRing {
  /** Never throws for what a caller may send. Whether the key may do something is `authorize`'s to say. */
  find(key: string, defer: Defer): Promise<Found>
  /** Sets aside a call's worst case: at once where a lease is at hand, else after asking the key's object. */
  admit(held: HeldKey, call: Reservation, context: AdmitContext): Admission | Promise<Admission>
  /** Says what a call came to; a second time changes nothing. Every admitted call must be settled. */
  settle(admitted: Admitted, actual: Actual, defer: Defer): void
  /** For what lasts longer than a request: whether it may go on. */
  standing(held: HeldKey, defer: Defer): Standing
  /** Drops the copies of a key that was just changed by way of this isolate. */
  forget(kid: string): void
}

export function createKeyRing(ports: IsolatePorts): KeyRing {
  const isolate = createIsolate(ports)
  return {
    find: (key, defer) => find(isolate, key, defer),
    admit: (held, call, context) => admit(isolate, held, call, context),
    settle({ call, lease, account }, actual, defer) {
      if (settle(lease, call, actual)) planFlush(isolate, account, defer)
    },
    standing: (held, defer) => standingOf(isolate, held, defer),
    forget: (kid) => forget(isolate, kid),
  }
}
