import type { Sink } from '../../lib/sse.ts'
import type { Bill, Endpoint, Observer, ServedBy, Wire } from '../../protocol/endpoint.ts'
import type { Usage } from '../../protocol/usage.ts'

export type Billing = (served: ServedBy, usage: Usage) => Bill

const DONE = '[DONE]'

/** The endpoint, with the cost in the usage of a stream whose caller asked for usage. */
export function billed<W extends Wire>(
  endpoint: Endpoint<W>,
  observer: Pick<Observer<W['event']>, 'served' | 'usage'>,
  billing: Billing,
): Endpoint<W> {
  return {
    ...endpoint,
    trim(request) {
      const trim = endpoint.trim(request)
      const priced = endpoint.priced?.(request)
      if (priced === undefined) return trim
      // What the observer has read says more than the usage that is shown: searches, and who used what.
      const bill = (usage: Usage): Bill => billing(observer.served, observer.usage ?? usage)
      return (event, data) => {
        const text = trim === undefined ? data : trim(event, data)
        return text === undefined ? undefined : priced(event, text, bill)
      }
    },
  }
}

/** The same for a stream out of the cache, which costs nothing. */
export function free<W extends Wire>(endpoint: Endpoint<W>): Endpoint<W> {
  return billed(endpoint, { served: {}, usage: undefined }, () => NOTHING)
}
const NOTHING: Bill = { usd: '0', list: '' }

/** `saved` is what it would have cost, if that is known. */
export const freeTrailer = (saved: string | undefined): string =>
  `: x-gateway-cost: 0${saved === undefined ? '' : `; x-gateway-saved: ${saved}`}\n`

/** A comment before the end marker says what the answer cost; to clients that do not look for it, it is nothing. */
export function withTrailer<Event>(sink: Sink, observer: Observer<Event>, billing: Billing): Sink {
  const around =
    (write: (text: string) => void) =>
    (text: string): void => {
      write(text === `data: ${DONE}\n\n` ? trailer() + text : text)
    }
  function trailer(): string {
    const { usage } = observer
    if (usage === undefined) return ''
    const { usd, list } = billing(observer.served, usage)
    return `: x-gateway-cost: ${usd ?? 'null'}; x-gateway-usage: ${list}\n`
  }
  return {
    get started() {
      return sink.started
    },
    get ended() {
      return sink.ended ?? false
    },
    push: (data, raw, write) => {
      if (data !== DONE) return sink.push(data, raw, write)
      sink.push(data, raw, (text) => write(trailer() + text))
    },
    end: (write) => sink.end(around(write)),
  }
}
