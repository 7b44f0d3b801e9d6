import type { ItemStatus, OutputItem, ResponsesEvent } from '../responses.ts'

export type Fields = Readonly<Record<string, unknown>>
export type Send = (type: string, fields: Fields) => void

/** Where an event belongs. */
export interface Place {
  readonly item_id: string
  readonly output_index: number
}

/** An item that is being written. `finish` sends what closes its inside and returns it whole. */
export interface Open {
  readonly kind: OutputItem['type']
  finish(status: ItemStatus): OutputItem
}

/** One item at a time, in the order of their appearance: what the clients' accumulators demand (openai.md 3.8). */
export interface Stage {
  readonly items: readonly OutputItem[]
  readonly open: Open | undefined
  /** Closes what is open, announces the item as an empty shell, and opens it. */
  begin<T extends Open>(shell: OutputItem, open: (place: Place) => T): T
  close(status: ItemStatus): void
}

export function createStage(send: Send): Stage {
  const items: OutputItem[] = []
  let current: Open | undefined
  const close = (status: ItemStatus): void => {
    const item = current?.finish(status)
    if (item === undefined) return
    current = undefined
    send('response.output_item.done', { output_index: items.length, item })
    items.push(item)
  }
  return {
    items,
    get open() {
      return current
    },
    begin(shell, open) {
      close('completed')
      const output_index = items.length
      send('response.output_item.added', { output_index, item: shell })
      const opened = open({ item_id: shell.id, output_index })
      current = opened
      return opened
    },
    close,
  }
}

/** Numbers the events of one stream from zero. */
export function numbered(emit: (event: ResponsesEvent) => void): Send {
  let next = 0
  return (type, fields) => emit({ type, sequence_number: next++, ...fields })
}
