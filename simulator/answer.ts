import { isObject } from './json.ts'
import type { Json } from './json.ts'
import { sample } from './sample.ts'
import type { Script, ScriptedCall } from './script.ts'

export interface Tool {
  name: string
  /** Undefined: a tool without parameters. */
  schema: Json | undefined
  /** OpenAI custom tools take free text. */
  custom: boolean
}

export interface Media {
  mime: string
  bytes: number
}

/** A conversation reduced to what an answer depends on; each provider reads its own wire format into this. */
export interface Turn {
  userText: string
  media: readonly Media[]
  /** The results the conversation ends with; empty when it ends with a user turn. */
  results: readonly string[]
  tools: readonly Tool[]
  /** Which tools may be called: `must` is required or ANY. */
  choice: { kind: 'auto' | 'must' | 'none'; names?: readonly string[] }
  /** The output schema; `{}` for plain JSON mode. */
  output: Json | undefined
}

export interface Call {
  name: string
  args: Json | undefined
  id?: string
}

export interface Answer {
  text: string
  calls: readonly Call[]
}

/** Deterministic, and made so that a test sees in the answer what reached the provider. */
export function answerTo(turn: Turn, script: Script): Answer {
  if (script.calls !== undefined && turn.results.length === 0)
    return { text: script.text ?? '', calls: script.calls.map(scripted) }
  if (script.bigEvents !== undefined) return { text: 'x'.repeat(script.bigEvents), calls: [] }
  if (script.text !== undefined) return { text: script.text, calls: [] }
  const calls = chosen(turn).map(({ name, schema, custom }) => ({
    name,
    args: custom ? turn.userText : argsFor(schema),
  }))
  if (calls.length > 0) return { text: '', calls }
  return { text: turn.output === undefined ? prose(turn) : JSON.stringify(structured(turn)), calls: [] }
}

function scripted(call: ScriptedCall): Call {
  return { name: call.name, args: call.args, ...(call.id === undefined ? {} : { id: call.id }) }
}

function chosen(turn: Turn): readonly Tool[] {
  const { kind, names } = turn.choice
  if (kind === 'none' || turn.results.length > 0) return []
  const open = names === undefined ? turn.tools : turn.tools.filter((tool) => names.includes(tool.name))
  return /\bparallel\b/i.test(turn.userText) ? open : open.slice(0, 1)
}

/** Undefined for a call without arguments: Gemini then sends no `args`, gemini.md 3.6. */
function argsFor(schema: Json | undefined): Json | undefined {
  const made = schema === undefined ? undefined : sample(schema)
  return isObject(made) && Object.keys(made).length > 0 ? made : undefined
}

function structured(turn: Turn): Json {
  const made = sample(turn.output)
  return isObject(turn.output) && Object.keys(turn.output).length > 0 ? made : { answer: prose(turn) }
}

function prose(turn: Turn): string {
  const said =
    turn.results.length > 0 ? `The tools returned: ${turn.results.join(' | ')}` : `You said: ${turn.userText}`
  if (turn.media.length === 0) return said
  const seen = turn.media.map(({ mime, bytes }) => `${mime} of ${bytes} bytes`).join(', ')
  return `${said} (${turn.media.length} attached: ${seen})`
}

/** A stop sequence ends the text and is not part of it, in both APIs. */
export function stopAt(text: string, stops: readonly string[]): string {
  const cuts = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  return cuts.length === 0 ? text : text.slice(0, Math.min(...cuts))
}

export function randomId(length: number, random: () => number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  let id = ''
  while (id.length < length) id += alphabet[Math.floor(random() * alphabet.length)] ?? 'A'
  return id
}
