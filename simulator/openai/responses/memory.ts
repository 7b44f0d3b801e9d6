import type { JsonObject } from '../../json.ts'
import type { Exchange, Frame } from '../../types.ts'

/** A response as the account keeps it. */
export interface Stored {
  response: JsonObject
  input: JsonObject[]
  output: JsonObject[]
  background: boolean
  /** How often it has been asked for. */
  looks: number
  /** The stream it was made with, for those who come back to it. */
  frames: readonly Frame[]
}

export interface Memory {
  responses: Map<string, Stored>
  /** Ids of the output items of stored responses. */
  items: Set<string>
}

const memories = new WeakMap<object, Map<string, Memory>>()

/** One account's memory: another key knows nothing of it. */
export function memoryOf({ memory, headers }: Exchange): Memory {
  const key = headers.get('authorization') ?? ''
  const accounts = memories.get(memory) ?? new Map<string, Memory>()
  memories.set(memory, accounts)
  const own = accounts.get(key) ?? { responses: new Map(), items: new Set() }
  accounts.set(key, own)
  return own
}
