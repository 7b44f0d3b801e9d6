import type { Timers } from '../../lib/clock.ts'
import { within } from '../../lib/within.ts'
import type { Observer, ServedBy, Wire } from '../../protocol/endpoint.ts'
import type { Usage, UsagePart } from '../../protocol/usage.ts'
import { summed } from '../../protocol/usage-sum.ts'
import { UpstreamFailure } from '../../providers/failure.ts'
import type { AttemptInput, Part, Spent } from './exchange.ts'
import { type Calls, guessed } from './parts.ts'
import { asServed, serviceOf } from './as-served.ts'
import { readUnseen } from './unseen.ts'

/** One call has failed, and the attempt with it: how long the others are given to say what they used. */
const LAST_WORDS_MS = 5_000

type Failing<W extends Wire> = Pick<
  AttemptInput<W>,
  'endpoint' | 'codec' | 'context' | 'provider' | 'url' | 'parts' | 'answer'
>

/** What is known of one call; it is filled in as its answer comes. */
interface Known<W extends Wire> {
  readonly part: Part<W>
  /** Of a stream. */
  readonly observer: Observer<W['event']>
  reached: boolean
  /** It may have used something. */
  maybe: boolean
  usage?: Usage | undefined
  served?: ServedBy
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
  const { parts, endpoint } = failing
  if (parts.length < 2) return undefined
  const known = parts.map((part): Known<W> => {
    const observer = endpoint.observe(part.request)
    return { part, observer, reached: false, maybe: true }
  })
  const all = known.map((each, i) => hear(timers, failing, each, { calls, i, signal }))
  await within(timers, LAST_WORDS_MS, Promise.all(all))
  const used = known.flatMap(({ usage, reached, maybe, part, observer }): readonly UsagePart[] => {
    if (usage !== undefined) return [usage]
    return reached && maybe ? [guessed(part, observer.writtenTokens ?? 0)] : []
  })
  const unknown = known.some(({ usage, maybe }) => usage === undefined && maybe)
  if (used.length === 0 && !unknown) return undefined
  const served = known.find(({ usage }) => usage !== undefined)?.served ?? {}
  return { usage: used.length === 0 ? undefined : summed(used), served, unknown }
}

/** Never rejects. */
async function hear<W extends Wire>(
  timers: Timers,
  failing: Failing<W>,
  known: Known<W>,
  {
    calls: { sent, decoded },
    i,
    signal,
  }: { readonly calls: Calls<W>; readonly i: number; readonly signal: AbortSignal },
): Promise<void> {
  const { endpoint, answer } = failing
  try {
    const response = await sent[i]
    if (response === undefined) return
    known.reached = true
    if (answer === 'events') {
      await readUnseen(timers, failing, known, response)
      known.usage = known.observer.usage
      known.served = asServed(known.observer.served, serviceOf(failing, response.headers))
    } else {
      const body = await decoded(i)
      known.usage = endpoint.usage(body)
      known.served = asServed(endpoint.served(body), serviceOf(failing, response.headers))
    }
  } catch (thrown) {
    const refused = thrown instanceof UpstreamFailure && (thrown.failure.status ?? 0) >= 400
    const missed = !(thrown instanceof UpstreamFailure) && !known.reached && !signal.aborted
    known.maybe = !refused && !missed
  }
}
