import type { Script } from '../../simulator/index.ts'

/** A prompt that carries the simulator's directive: what it is to do with this request, whoever sends it. */
export function scripted(text: string, script: Script): string {
  return `${text} [[sim ${JSON.stringify(script)}]]`
}
