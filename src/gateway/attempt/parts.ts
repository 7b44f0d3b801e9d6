import type { Observer, Wire } from '../../protocol/endpoint.ts'
import type { Usage, UsagePart } from '../../protocol/usage.ts'
import { summed } from '../../protocol/usage-sum.ts'
import { promptTokens } from '../../router/estimate.ts'
import type { Part } from './exchange.ts'

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

/** What one call used that did not say: it has its own prompt to pay for. */
export function guessed<W extends Wire>(part: Part<W> | undefined, outputTokens: number): UsagePart {
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
