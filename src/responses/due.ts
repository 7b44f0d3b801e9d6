import { card } from '../catalog/card.ts'
import type { Attempted, Facts, Settled, Tags } from '../gateway/types.ts'
import { mayBeBilled } from '../gateway/attempt/spent.ts'
import { isRecord } from '../protocol/guards.ts'
import type { ResponseObject } from '../protocol/responses.ts'
import { responseServedBy, responsesUsage } from '../protocol/responses-usage.ts'
import type { Usage } from '../protocol/usage.ts'
import { isResponse } from './is-response.ts'

/** A response that went on without its caller: what has to be known once it is done, to book what it used. */
export interface Due {
  readonly keyId: string
  /** As the caller named it, and as it was sent. */
  readonly asked: string
  readonly model: string
  readonly route?: string | undefined
  readonly tags?: Tags | undefined
  /** The provider bills the caller's own key. */
  readonly ownKey: boolean
  /** What a virtual key was charged for it meanwhile, in nanodollars; absent where that stays. */
  readonly charged?: number | undefined
  /** When that was, in Unix milliseconds. */
  readonly at: number
}

/** Who began it, as far as its answer does not say. */
export type Beginner = Pick<Due, 'keyId' | 'asked' | 'route' | 'at'> & {
  readonly reserved: number | undefined
}

/** What is due for an answer that said nothing of its usage; undefined if it did. */
export function dueOf(
  { facts, usage, attempts, tags }: Settled,
  { reserved, ...beginner }: Beginner,
): Due | undefined {
  if (facts === undefined || (usage ?? facts.usage) !== undefined) return undefined
  return {
    ...beginner,
    model: facts.target.model,
    tags,
    ownKey: facts.ownKey === true,
    // What another attempt may be billed for was charged together with it, and stays.
    ...(reserved !== undefined && !attempts.some(mayBeBilled) && { charged: reserved }),
  }
}

/** A response that is over and says what it used. */
export interface Done {
  readonly response: ResponseObject
  readonly usage: Usage
}
const UNFINISHED: ReadonlySet<unknown> = new Set(['queued', 'in_progress'])

/** Undefined while it is not. */
export function doneIn(body: unknown): Done | undefined {
  if (!isResponse(body) || UNFINISHED.has(body.status)) return undefined
  const usage = responsesUsage(body)
  return usage && { response: body, usage }
}

/** A question that was answered, about nothing that is left to be booked. */
export const LOOKED: Settled = {
  facts: undefined,
  attempts: [],
  finish: 'complete',
  usage: undefined,
}
const NO_ATTEMPTS: readonly Attempted[] = []

/** The work, as if it had been served by the look that found it done. */
export function workOf(
  due: Due,
  { response, usage }: Done,
  at: Pick<Facts['target'], 'provider' | 'credential'>,
): Settled & { readonly facts: Facts } {
  const { model, ownKey, tags } = due
  const facts: Facts = {
    target: { id: `${at.provider}/${model}`, model, ...at },
    card: card(model),
    adapted: [],
    upstreamRequestId: undefined,
    served: responseServedBy(response),
    usage,
    ownKey,
  }
  return { facts, attempts: NO_ATTEMPTS, finish: 'complete', usage, tags }
}

/** Undefined for what no version of this gateway has written. */
export function readDue(value: unknown): Due | undefined {
  if (!isRecord(value)) return undefined
  const { keyId, asked, model, route, tags, ownKey, charged, at } = value
  const texts = typeof keyId === 'string' && typeof asked === 'string' && typeof model === 'string'
  if (!texts || typeof at !== 'number') return undefined
  return {
    keyId,
    asked,
    model,
    at,
    ownKey: ownKey === true,
    ...(typeof route === 'string' && { route }),
    ...(typeof charged === 'number' && { charged }),
    ...(isRecord(tags) && { tags: textsIn(tags) }),
  }
}

const textsIn = (record: Readonly<Record<string, unknown>>): Tags =>
  Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
