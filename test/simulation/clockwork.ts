import type { Timers } from '../../src/lib/clock.ts'

interface Event {
  readonly at: number
  readonly order: number
  readonly work: () => void
}

/** Virtual time: events run in order, each until all that it decides has happened. */
export class Clockwork {
  now: number
  #heap: Event[] = []
  #order = 0

  constructor(now: number) {
    this.now = now
  }

  after(ms: number, work: () => void): () => void {
    let live = true
    this.#push({ at: this.now + Math.max(0, ms), order: this.#order++, work: () => live && work() })
    return () => {
      live = false
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve)
    })
  }

  /** The same time by another clock. */
  timers(skewMs: number): Timers {
    return { now: () => this.now + skewMs, after: (ms, work) => this.after(ms, work) }
  }

  async run(until: number): Promise<void> {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > until) break
      this.#pop()
      this.now = next.at
      next.work()
      await new Promise(setImmediate)
    }
    this.now = until
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.push(event) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!before(event, heap[parent])) break
      heap[index] = heap[parent] ?? event
      index = parent
    }
    heap[index] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const child = before(heap[left + 1], heap[left]) ? left + 1 : left
      const found = heap[child]
      if (found === undefined || !before(found, last)) break
      heap[index] = found
      index = child
    }
    heap[index] = last
  }
}

function before(a: Event | undefined, b: Event | undefined): boolean {
  if (a === undefined) return false
  return b === undefined || a.at < b.at || (a.at === b.at && a.order < b.order)
}
