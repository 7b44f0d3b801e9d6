import type { RequestContent, RequestPart } from './wire.ts'

interface Turn extends RequestContent {
  readonly parts: RequestPart[]
}

/** Google's contents as they grow. Neighbours of one role are joined; tool results stay by themselves. */
export interface Turns {
  /** The same array all along. */
  readonly contents: readonly RequestContent[]
  readonly add: (role: 'user' | 'model', parts: readonly RequestPart[]) => void
  readonly addResults: (parts: readonly RequestPart[]) => void
}

export function createTurns(): Turns {
  const contents: Turn[] = []
  let afterResults = false
  function append(role: 'user' | 'model', parts: readonly RequestPart[]): void {
    contents.push({ role, parts: [...parts] })
  }
  return {
    contents,
    add(role, parts) {
      // Google refuses a content without parts.
      if (parts.length === 0) return
      const last = contents.at(-1)
      if (last?.role === role && !afterResults) last.parts.push(...parts)
      else append(role, parts)
      afterResults = false
    },
    addResults(parts) {
      append('user', parts)
      afterResults = true
    },
  }
}
