import type { Cell, Outcome, Row } from './types.ts'

const cell =
  (outcome: Outcome) =>
  (tests: string | readonly string[], note = ''): Cell => ({ outcome, note, tests: [tests].flat() })
export const relayed = cell('relayed')
export const translated = cell('translated')
export const adapted = cell('adapted')
export const refused = cell('refused')
export const absent = cell('absent')

export const row = (what: string, openai?: Cell, gemini?: Cell): Row => ({
  what,
  ...(openai && { openai }),
  ...(gemini && { gemini }),
})
