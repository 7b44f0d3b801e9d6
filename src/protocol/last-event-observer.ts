import type { Observer } from './endpoint.ts'
import type { Usage } from './usage.ts'

interface Rules<Event> {
  /** The type of the event that ends the stream, and carries its usage. */
  readonly last: string
  readonly starts: (event: Event) => boolean
  readonly usage: (last: Event) => Usage | undefined
}

/** Reads a stream of typed events that says only at its end what it used. */
export function observeToLast<Event extends { readonly type: string }>({
  last,
  starts,
  usage: usageOf,
}: Rules<Event>): Observer<Event> {
  let started = false
  let complete = false
  let usage: Usage | undefined
  return {
    see(event) {
      if (typeof event.type !== 'string') throw new TypeError('The event has no type.')
      started ||= starts(event)
      if (event.type !== last) return
      complete = true
      usage = usageOf(event)
    },
    get started() {
      return started
    },
    get complete() {
      return complete
    },
    get usage() {
      return usage
    },
    served: {},
  }
}
