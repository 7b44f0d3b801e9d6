import type { Script } from '../../simulator/index.ts'

/** A script for whoever is asked, and what one of the two does otherwise. */
export interface Directive extends Script {
  readonly openai?: Script
  readonly gemini?: Script
}

/** A script for whoever is asked, and what one of the two does otherwise. */
export interface Directive extends Script {
  readonly openai?: Script
  readonly gemini?: Script
}

/** A prompt that carries the simulator's directive: what it is to do with this request, whoever sends it. */
export function scripted(text: string, script: Directive): string {
  return `${text} [[sim ${JSON.stringify(script)}]]`
}
