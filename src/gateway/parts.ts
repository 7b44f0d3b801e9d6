import type { Timers } from '../lib/clock.ts'
import { within } from '../lib/within.ts'
import type { Endpoint, Observer, ServedBy, Wire } from '../protocol/endpoint.ts'
import type { Usage, UsagePart } from '../protocol/usage.ts'
import { summed } from '../protocol/usage-sum.ts'
import { UpstreamFailure } from '../providers/failure.ts'
import { promptTokens } from '../router/estimate.ts'
import type { Part, Spent } from './exchange.ts'

/** What the calls of a request used, if all of them say; each is priced by itself. */
export function usageOf(usages: readonly (Usage | undefined)[]): Usage | undefined {
  const known = usages.filter((usage) => usage !== undefined)
  if (known.length < usages.length) return undefined
  return known.length === 1 ? known[0] : summed(known)
}

/** The observer of a merged stream, which also knows what each of its parts used. */
export function observeParts<Event>(
  whole: Observer<Event>,
  parts: readonly Observer<Event>[],
): Observer<Event> {
  return {
    see: (event) => whole.see(event),
    get started() {
      return whole.started
    },
    get complete() {
      return whole.complete
    },
    get usage() {
      return usageOf(parts.map(({ usage }) => usage)) ?? whole.usage
    },
    get writtenTokens() {
      return whole.writtenTokens
    },
    get served() {
      return whole.served
    },
    get answer() {
      return whole.answer
    },
  }
}

/** What a stream that broke off used: what its calls said, and of the others a guess. */
export function estimateOf<W extends Wire>(
  parts: readonly Part<W>[],
  observers: readonly Observer<W['event']>[],
): Usage | undefined {
  if (observers.length < 2) return undefined
  return summed(observers.map(({ usage, writtenTokens = 0 }, i) => usage ?? guessed(parts[i], writtenTokens)))
}

/** Each call has its own prompt to pay for. */
function guessed<W extends Wire>(part: Part<W> | undefined, outputTokens: number): UsagePart {
  return { inputTokens: promptTokens(part?.request), outputTokens, estimated: true }
}

/** The calls of one attempt, each answer read once. */
export interface Calls<W extends Wire> {
  readonly sent: readonly Promise<Response>[]
  readonly decoded: (part: number, textOf?: TextOf) => Promise<W['response']>
}
export type TextOf = (bytes: Uint8Array) => string

export function callsOf<W extends Wire>(
  sent: readonly Promise<Response>[],
  decode: (response: Response, part: number, textOf?: TextOf) => Promise<W['response']>,
): Calls<W> {
  const read: Promise<W['response']>[] = []
  return {
    sent,
    decoded: (part, textOf) =>
      (read[part] ??= Promise.resolve(sent[part]).then((response) => {
        if (response === undefined) throw new RangeError(`There is no part ${part}.`)
        return decode(response, part, textOf)
      })),
  }
}

/** One call has failed, and the attempt with it: how long the others are given to say what they used. */
const LAST_WORDS_MS = 5_000

/** How one call ended: what it used, or whether it may have used something. */
type End =
  | { readonly usage: Usage; readonly served: ServedBy }
  | { readonly usage?: never; readonly reached: boolean; readonly maybe: boolean }

interface Failing<W extends Wire> {
  readonly endpoint: Endpoint<W>
  readonly parts: readonly Part<W>[]
  readonly answer: 'json' | 'events' | 'bytes' | 'any'
}

/**
 * What was answered is paid for, though one call of several failed and nobody gets to see it. Undefined if there was
 * but one, or if none can have used anything.
 */
export async function lastWords<W extends Wire>(
  timers: Timers,
  failing: Failing<W>,
  calls: Calls<W>,
  signal: AbortSignal,
): Promise<Spent | undefined> {
  const { parts } = failing
  if (parts.length < 2) return undefined
  const ends = parts.map((): End => ({ reached: false, maybe: true }))
  const all = parts.map(async (_, part) => {
    ends[part] = await endOf(failing, calls, part, signal)
  })
  await within(timers, LAST_WORDS_MS, Promise.all(all))
  const used = ends.flatMap((end, i): readonly UsagePart[] => {
    if (end.usage !== undefined) return [end.usage]
    return end.reached && end.maybe ? [guessed(parts[i], 0)] : []
  })
  const unknown = ends.some((end) => end.usage === undefined && end.maybe)
  if (used.length === 0 && !unknown) return undefined
  const served = ends.find((end) => end.usage !== undefined)?.served ?? {}
  return { usage: used.length === 0 ? undefined : summed(used), served, unknown }
}

async function endOf<W extends Wire>(
  { endpoint, answer }: Failing<W>,
  { sent, decoded }: Calls<W>,
  part: number,
  signal: AbortSignal,
): Promise<End> {
  let reached = false
  try {
    await sent[part]
    reached = true
    if (answer === 'events') return { reached, maybe: true } // it goes on as long as it is read
    const response = await decoded(part)
    const usage = endpoint.usage(response)
    return usage === undefined ? { reached, maybe: true } : { usage, served: endpoint.served(response) }
  } catch (thrown) {
    const refused = thrown instanceof UpstreamFailure && (thrown.failure.status ?? 0) >= 400
    const missed = !(thrown instanceof UpstreamFailure) && !reached && !signal.aborted
    return { reached, maybe: !refused && !missed }
  }
}
