/** What happens next; equal times keep the order in which they were planned. */
export interface Planned {
  readonly at: number
  readonly order: number
  readonly name: string
  readonly run: () => void
}

export class Agenda {
  private readonly heap: Planned[] = []
  private order = 0

  add(at: number, name: string, run: () => void): void {
    const { heap } = this
    const item = { at, order: this.order++, name, run }
    let i = heap.length
    heap.push(item)
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (before(heap[parent]!, item)) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = item
  }

  next(): Planned | undefined {
    const { heap } = this
    const top = heap[0]
    const last = heap.pop()
    if (!top || !last || heap.length === 0) return top
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++
      if (before(last, heap[child]!)) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
    return top
  }
}
const before = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
