import { withUsage } from '../deliver.ts'
import { has, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import type { Script } from '../script.ts'
import { pieces, tokensOf } from '../tokens.ts'
import type { Exchange, Frame, Framing, Reply } from '../types.ts'
import { faultBody } from './errors.ts'
import { blocked, candidate, decide, tierOf } from './generate.ts'
import type { Generation } from './generate.ts'
import { usageMetadata } from './usage.ts'
import { validate } from './validate.ts'

export function streamGenerate(exchange: Exchange): Reply {
  const { model, request } = validate(exchange)
  const generation = decide(exchange, model, request)
  const frames = framesOf(generation, exchange.script)
  const last = frames.findLast((frame) => has(objectOf(frame.data as Json), 'usageMetadata'))
  return {
    kind: 'stream',
    frames,
    framing:
      exchange.url.searchParams.get('alt') === 'sse' ? sse(exchange.script, model.id) : jsonArray(model.id),
    headers: { 'x-gemini-service-tier': tierOf(request) },
    usage: objectOf(objectOf(last?.data as Json)['usageMetadata']),
  }
}

const SILENCE: Json = { candidates: [{ content: { role: 'model' } }] }

/** gemini.md 1.4: CRLF in practice, LF sometimes. */
function sse(script: Script, model: string): Framing {
  const end = script.crlf === false ? '\n\n' : '\r\n\r\n'
  return {
    contentType: 'text/event-stream',
    frame: (data) => `data: ${data}${end}`,
    close: '',
    failure: (script) => FAILURES[script.errorForm ?? 'data'](faultBody(script, model).body, end),
    silence: SILENCE,
  }
}

/** The shapes an error takes inside a 200 stream, gemini.md 1.4. */
const FAILURES: Record<'data' | 'bare' | 'array', (body: Json, end: string) => string> = {
  data: (body, end) => `data: ${JSON.stringify(body)}${end}`,
  bare: (body) => `${JSON.stringify(body, null, 2)}\n`,
  array: (body) => `[${JSON.stringify(body, null, 2)}\n]\n`,
}

/** Without alt=sse: one JSON array, written piece by piece. */
function jsonArray(model: string): Framing {
  const before = (index: number): string => (index === 0 ? '[' : ',\r\n')
  return {
    contentType: 'application/json; charset=UTF-8',
    frame: (data, index) => before(index) + data,
    close: ']',
    failure: (script, index) => `${before(index)}${JSON.stringify(faultBody(script, model).body)}]`,
    silence: SILENCE,
  }
}

interface Event {
  kind: Frame['kind']
  parts?: Json[]
  visible: string
  /** Anything that is not a plain delta. */
  whole?: JsonObject
}

function framesOf(generation: Generation, script: Script): Frame[] {
  if (script.events !== undefined) return script.events.map((data) => ({ kind: 'delta', data }))
  let candidates = 0
  return eventsOf(generation, script).map(({ kind, parts, visible, whole }) => {
    // Counting piece by piece rounds up more often than counting the whole does.
    candidates = Math.min(candidates + tokensOf(visible), generation.counts.candidates)
    const done = kind === 'finish'
    const counts = done ? generation.counts : { ...generation.counts, candidates }
    const usage = withUsage(usageMetadata(generation.prompt, counts), script)
    const content = whole ?? {
      candidates: [done ? candidate(generation, parts ?? []) : { content: { parts, role: 'model' } }],
    }
    return {
      kind,
      data: { ...content, ...(script.noUsage === true ? {} : { usageMetadata: usage }), ...generation.base },
    }
  })
}

/** gemini.md 3.6, "what actually arrives". */
function eventsOf(generation: Generation, script: Script): Event[] {
  if (script.blockReason !== undefined) return blockEvents(script.blockReason, script)
  if (script.emptyCandidate === true) return [{ kind: 'finish', visible: '', whole: { candidates: [{}] } }]
  if (script.parts !== undefined) {
    return [...script.parts.map((part) => delta([part], '')), { kind: 'finish', parts: [], visible: '' }]
  }
  const { thoughts, text, calls, made: media } = generation
  const words = script.bigEvents === undefined ? pieces(text) : [text]
  const lastWord = calls.length === 0 ? '' : undefined
  return [
    ...pieces(thoughts).map((piece) => delta([{ text: piece, thought: true }], '')),
    ...words.map((piece) => delta([{ text: piece }], piece)),
    ...callEvents(calls),
    ...(media?.parts ?? []).flatMap(halves).map((part) => delta([part], '')),
    ending(generation, lastWord),
  ]
}

/** Sound comes in pieces, of which only the first has the header of its container. */
function halves(part: Json): Json[] {
  const { mimeType, data } = objectOf(objectOf(part)['inlineData'])
  if (!textOf(mimeType).startsWith('audio/')) return [part]
  const half = Math.floor(textOf(data).length / 8) * 4
  return [textOf(data).slice(0, half), textOf(data).slice(half)].map((piece) => ({
    inlineData: { mimeType, data: piece },
  }))
}

function delta(parts: Json[], visible: string): Event {
  return { kind: 'delta', parts, visible }
}

/** Several calls may share an event or come in several: the first comes alone, the rest together. */
function callEvents(calls: readonly JsonObject[]): Event[] {
  const groups = [calls.slice(0, 1), calls.slice(1)].filter((group) => group.length > 0)
  return groups.map((group) => delta([...group], JSON.stringify(group.map((part) => part['functionCall']))))
}

/** The signature of an answer without calls stands on an empty text part in the last event, gemini.md 4.6. */
function ending(generation: Generation, text: string | undefined): Event {
  const empty = generation.counts.candidates === 0 && generation.finish === 'MAX_TOKENS'
  if (empty) return { kind: 'finish', parts: [], visible: '' }
  const signature = text === undefined ? undefined : generation.closing
  return {
    kind: 'finish',
    parts: [{ text: '', ...(signature === undefined ? {} : { thoughtSignature: signature }) }],
    visible: '',
  }
}

/** gemini.md 1.4: it can be split (ratings first, reason later) and repeated. */
function blockEvents(blockReason: string, script: Script): Event[] {
  const whole = blocked(blockReason)
  if (script.promptBlockSplit !== true) return [{ kind: 'finish', visible: '', whole }]
  const { safetyRatings } = objectOf(whole['promptFeedback'])
  return [
    { kind: 'delta', visible: '', whole: { promptFeedback: { safetyRatings } } },
    { kind: 'finish', visible: '', whole: { promptFeedback: { blockReason } } },
    { kind: 'finish', visible: '', whole },
  ]
}
