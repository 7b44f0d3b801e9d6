import type { Failure, FailureKind } from '../providers/failure.ts'
import type { Allowance } from '../providers/provider.ts'
import {
  COOL_DOWN_MAX_MS,
  COOL_DOWN_MS,
  COOL_JITTER,
  CREDENTIAL_MS,
  NEARLY_SPENT,
  SLOW_DOWN_MS,
} from './constants.ts'
import { nextPacificMidnight } from './pacific.ts'

/**
 * The two gates beside health (resilience.md 2): capacity of a credential, and validity of a credential or a model.
 * A shut gate says nothing about the target's health, and an ill target shuts no gate.
 */
export interface Gate {
  /** Epoch ms. In reports and snapshots: by the sender's clock, beside its `sentAt`/`at`. */
  readonly until: number
  readonly reason: FailureKind | 'nearly_spent'
}
export type Gates = Readonly<Record<string, Gate>>

/** Whom a gate may concern. `credential` is the credential's name, never its value. */
export interface Subject {
  readonly provider: string
  readonly credential: string
  readonly model: string
  /** When daily quotas return; absent: unknown. */
  readonly dailyReset?: 'pacific' | undefined
}

export const capacityKey = (s: Subject): string => `c:${s.provider}/${s.credential}/${s.model}`
export const credentialKey = (s: Pick<Subject, 'provider' | 'credential'>): string =>
  `k:${s.provider}/${s.credential}`
export const modelKey = (s: Pick<Subject, 'provider' | 'model'>): string => `m:${s.provider}/${s.model}`
/** Whom a gate's key means; names of providers and credentials have no slash in them. */
export function subjectOf(key: string): {
  readonly provider: string
  readonly credential?: string | undefined
  readonly model?: string | undefined
} {
  const [provider = '', ...rest] = key.slice(2).split('/')
  if (key.startsWith('m:')) return { provider, model: rest.join('/') }
  const [credential, ...model] = rest
  return { provider, credential, ...(model.length > 0 && { model: model.join('/') }) }
}
const keysOf = (s: Subject): readonly string[] => [capacityKey(s), credentialKey(s), modelKey(s)]

type Closing = (input: { failure: Failure; subject: Subject; now: number; random: number }) => {
  readonly key: string
  readonly until: number
}

const cool: Closing = ({ failure, subject, now, random }) => ({
  key: capacityKey(subject),
  until: now + Math.min(COOL_DOWN_MAX_MS, failure.retryAfterMs ?? COOL_DOWN_MS) * (1 + COOL_JITTER * random),
})
const slow: Closing = ({ failure, subject, now, random }) => ({
  key: capacityKey(subject),
  until:
    now +
    Math.min(COOL_DOWN_MAX_MS, Math.max(SLOW_DOWN_MS, failure.retryAfterMs ?? 0)) *
      (1 + COOL_JITTER * random),
})
const credential: Closing = ({ subject, now }) => ({
  key: credentialKey(subject),
  until: now + CREDENTIAL_MS,
})
/** A daily quota is counted per model, and may still carry a Retry-After of seconds, which is no use. */
const quota: Closing = (input) =>
  input.subject.dailyReset === 'pacific'
    ? { key: capacityKey(input.subject), until: nextPacificMidnight(input.now) }
    : credential(input)

/** `overloaded` cools only if the upstream said how long: without that it is a matter of health alone. */
const CLOSINGS: { readonly [K in FailureKind]?: Closing } = {
  rate_limited: cool,
  slow_down: slow,
  overloaded: cool,
  quota_exhausted: quota,
  billing: credential,
  bad_credential: credential,
  forbidden: credential,
  precondition: credential,
  model_missing: ({ subject, now }) => ({ key: modelKey(subject), until: now + CREDENTIAL_MS }),
}
/** Reasons that a working `GET /models` disproves. Money and quota it does not. */
const DISPROVED_BY_CHECK: ReadonlySet<Gate['reason']> = new Set([
  'bad_credential',
  'forbidden',
  'precondition',
])

/** The gate that a failure closes, if any. */
export function gateOf(input: {
  readonly failure: Failure
  readonly subject: Subject
  readonly now: number
  readonly random: number
}): { readonly key: string; readonly gate: Gate } | undefined {
  const { kind, retryAfterMs } = input.failure
  const closing = CLOSINGS[kind]
  if (!closing || (kind === 'overloaded' && retryAfterMs === undefined)) return undefined
  const { key, until } = closing(input)
  return { key, gate: { until, reason: kind } }
}

/** Nearly spent: rest until the reset, before the upstream has to say no. */
export function gateOfAllowance(
  allowances: readonly Allowance[],
  subject: Subject,
  now: number,
): { readonly key: string; readonly gate: Gate } | undefined {
  const spent = allowances.filter((a) => a.limit > 0 && a.resetMs > 0 && a.remaining < a.limit * NEARLY_SPENT)
  if (spent.length === 0) return undefined
  const wait = Math.min(COOL_DOWN_MAX_MS, Math.max(...spent.map((a) => a.resetMs)))
  return { key: capacityKey(subject), gate: { until: now + wait, reason: 'nearly_spent' } }
}

/** Closing again keeps the later deadline: a 2 s Retry-After must not lift a day's quota. */
export function shut(gates: Gates, key: string, gate: Gate): Gates {
  const held = gates[key]
  return held && held.until >= gate.until ? gates : { ...gates, [key]: gate }
}

/** The shut gate in a subject's way. */
export function gateFor(gates: Gates, subject: Subject, now: number): Gate | undefined {
  // Asked several times for each request, and mostly there is none.
  if (Object.keys(gates).length === 0) return undefined
  for (const key of keysOf(subject)) {
    const gate = gates[key]
    if (gate && gate.until > now) return gate
  }
  return undefined
}

/** A successful check of a credential opens its gate, unless money or quota shut it. */
export function reopen(gates: Gates, subject: Pick<Subject, 'provider' | 'credential'>): Gates {
  const key = credentialKey(subject)
  const held = gates[key]
  if (!held || !DISPROVED_BY_CHECK.has(held.reason)) return gates
  return Object.fromEntries(Object.entries(gates).filter(([other]) => other !== key))
}

/** Deadlines moved to another clock; those that have passed are dropped. */
export function rebase(gates: Gates, fromNow: number, toNow: number): Gates {
  const entries = Object.entries(gates)
  if (entries.length === 0) return gates
  return Object.fromEntries(
    entries
      .filter(([, gate]) => gate.until > fromNow)
      .map(([key, gate]) => [key, { ...gate, until: gate.until - fromNow + toNow }]),
  )
}

export const mergeGates = (a: Gates, b: Gates): Gates =>
  Object.entries(b).reduce((gates, [key, gate]) => shut(gates, key, gate), a)
