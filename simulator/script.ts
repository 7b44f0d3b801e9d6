import { isObject, objectOf, parseJson } from './json.ts'
import type { Json, JsonObject } from './json.ts'
import type { ProviderName } from './types.ts'

export interface ScriptedCall {
  name: string
  /** An object, or for OpenAI any string: arguments may be invalid JSON. */
  args?: Json
  /** Gemini: overrides or (empty string) removes the id. */
  id?: string
}

/** What one request is to be answered with. Everything absent means "as the provider would". */
export interface Script {
  status?: number
  /** A row of the provider's fault table (see README). */
  error?: string
  message?: string
  /** Seconds or any text, as the Retry-After header. */
  retryAfter?: number | string
  /** Google: RetryInfo.retryDelay, for example "34.4s". */
  retryInfo?: string
  /** Google: the error body in an array, gemini.md 1.3. */
  arrayWrapped?: boolean
  failTimes?: number
  /** The connection is reset before any header. */
  drop?: boolean
  redirect?: string
  nonJson?: boolean | string
  truncatedJson?: boolean
  headers?: Record<string, string>

  latencyMs?: number
  firstEventMs?: number
  gapMs?: number

  cutAfter?: number
  stallAfter?: number
  malformedAfter?: number
  errorAfter?: number
  errorForm?: 'data' | 'bare' | 'array'
  noDone?: boolean
  noFinish?: boolean
  roleOnlyThenSilence?: boolean
  byteByByte?: boolean
  crlf?: boolean
  splitAt?: number[]
  /** SSE comment lines before every event. */
  comments?: boolean

  text?: string
  calls?: ScriptedCall[]
  refusal?: string
  /** Gemini: exactly these parts, one event each in a stream. OpenAI: exactly these deltas. */
  parts?: Json[]
  /** Exactly this body, when not streaming. */
  body?: Json
  /** Exactly these events or chunks, in a stream. */
  events?: Json[]
  bigEvents?: number
  finishReason?: string
  finishMessage?: string
  emptyCandidate?: boolean
  blockReason?: string
  promptBlockSplit?: boolean
  grounding?: boolean | JsonObject
  usage?: JsonObject
  noUsage?: boolean
  thoughtsTokens?: number
  modelVersion?: string
}

export interface Rule {
  match?: { provider?: ProviderName; model?: string; path?: string; key?: string }
  /** How many requests it serves; absent: all. */
  times?: number
  do: Script
}

interface Directive {
  script: Script
  /** The directive as written: what failTimes counts by. */
  source: string
}

const OPEN = '[[sim '

/** The directive's JSON may itself hold "]]", so every closing is tried until one parses. */
function locate(text: string): { start: number; end: number; value: JsonObject } | undefined {
  const start = text.indexOf(OPEN)
  if (start < 0) return undefined
  for (let close = text.indexOf(']]', start); close >= 0; close = text.indexOf(']]', close + 1)) {
    const value = parseJson(text.slice(start + OPEN.length, close))
    if (isObject(value)) return { start, end: close + 2, value }
  }
  return undefined
}

export function readDirective(text: string, provider: ProviderName): Directive | undefined {
  const found = locate(text)
  if (found === undefined) return undefined
  const { openai, gemini, ...common } = found.value
  const own = provider === 'openai' ? openai : gemini
  return {
    script: { ...common, ...objectOf(own) },
    source: text.slice(found.start, found.end),
  }
}

export function stripDirective(text: string): string {
  const found = locate(text)
  if (found === undefined) return text
  return (text.slice(0, found.start) + text.slice(found.end)).replaceAll(/ {2,}/g, ' ').trim()
}

interface Subject {
  provider: ProviderName
  model: string
  path: string
  key: string
}

interface Queued {
  rule: Rule
  id: number
  left: number
}

/** Decides the script of a request: the first matching rule, and under it what the prompt's directive says. */
export class Scripts {
  #queue: Queued[] = []
  #failures = new Map<string, number>()
  #nextId = 1

  add(rules: readonly Rule[]): void {
    for (const rule of rules) this.#queue.push({ rule, id: this.#nextId++, left: rule.times ?? Infinity })
  }

  clear(): void {
    this.#queue = []
    this.#failures.clear()
  }

  pick(subject: Subject, userText: string): Script {
    const queued = this.#queue.find((entry) => matches(entry.rule, subject))
    const directive = readDirective(userText, subject.provider)
    const fromRule = queued === undefined ? {} : this.#counted(`rule ${queued.id}`, queued.rule.do)
    if (queued !== undefined && --queued.left <= 0)
      this.#queue = this.#queue.filter((entry) => entry !== queued)
    const fromPrompt = directive === undefined ? {} : this.#counted(directive.source, directive.script)
    return { ...fromPrompt, ...fromRule }
  }

  /** `failTimes` n: the script holds for n requests, then the provider behaves. */
  #counted(key: string, script: Script): Script {
    if (script.failTimes === undefined) return script
    const failed = this.#failures.get(key) ?? 0
    if (failed >= script.failTimes) return {}
    if (this.#failures.size > 10_000) this.#failures.clear()
    this.#failures.set(key, failed + 1)
    return script
  }
}

function matches({ match = {} }: Rule, subject: Subject): boolean {
  return (
    (match.provider === undefined || match.provider === subject.provider) &&
    (match.model === undefined || match.model === subject.model) &&
    (match.path === undefined || subject.path.includes(match.path)) &&
    (match.key === undefined || match.key === subject.key)
  )
}
