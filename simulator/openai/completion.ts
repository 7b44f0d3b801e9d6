import type { Call } from '../answer.ts'
import type { Json, JsonObject } from '../json.ts'

/** One completion, decided before it is shaped into a body or into chunks. */
export interface Completion {
  id: string
  created: number
  model: string
  tier: string
  choices: readonly Choice[]
  usage: JsonObject
}

export interface Choice {
  text: string
  refusal: string | undefined
  calls: readonly { id: string; custom: boolean; call: Call }[]
  finish: string
}

/** Arguments are a JSON string, and without a schema to hold them not always a valid one: openai.md 2.6. */
export function argumentsText({ args }: Call): string {
  return typeof args === 'string' ? args : JSON.stringify(args ?? {})
}

/** openai.md 2.7: character offsets into content. */
export function citation(text: string): Json {
  return {
    type: 'url_citation',
    url_citation: { start_index: 0, end_index: text.length, url: 'https://example.com/a', title: 'A' },
  }
}
