import { answerTo, randomId, stopAt } from '../answer.ts'
import type { Call, Turn } from '../answer.ts'
import { withUsage } from '../deliver.ts'
import { arrayOf, objectOf, textOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { cutToTokens, tokensOf } from '../tokens.ts'
import type { Exchange, Reply } from '../types.ts'
import { grounding } from './grounding.ts'
import { made } from './made.ts'
import type { Made } from './made.ts'
import { family } from './models.ts'
import type { Model } from './models.ts'
import { sign } from './signatures.ts'
import { readTurn } from './turn.ts'
import { promptTokens, thoughtsFor, usageMetadata } from './usage.ts'
import type { Counts, Prompt } from './usage.ts'
import { validate } from './validate.ts'

/** One answer, decided before it is shaped into a body or into events. */
export interface Generation {
  /** gemini.md 3.6: thought summaries first, then text, then calls; the signature where 4.6 puts it. */
  thoughts: string
  text: string
  calls: readonly JsonObject[]
  made: Made | undefined
  /** For an answer without calls: on the last part. */
  closing: string | undefined
  finish: string
  finishMessage: string | undefined
  prompt: Prompt
  counts: Counts
  base: { modelVersion: string; responseId: string }
  grounding: Json | undefined
}

export function generate(exchange: Exchange): Reply {
  const { model, request } = validate(exchange)
  const generation = decide(exchange, model, request)
  const body = bodyOf(generation, exchange)
  return {
    kind: 'json',
    body,
    usage: objectOf(objectOf(body)['usageMetadata']),
    headers: { 'x-gemini-service-tier': tierOf(request) },
  }
}

export function tierOf(request: JsonObject): string {
  return textOf(request['serviceTier']) || 'standard'
}

export function decide({ script, clock }: Exchange, model: Model, request: JsonObject): Generation {
  const turn = readTurn(request)
  const config = objectOf(request['generationConfig'])
  const limit = limitOf(config, model)
  // gemini.md 2.7: maxOutputTokens includes thinking, which comes first and may leave nothing.
  const thoughts = Math.min(script.thoughtsTokens ?? thoughtsFor(model, config), limit)
  const room = limit - thoughts
  const media = made(model, request, turn.userText, script)
  const answer = media === undefined ? answerTo(turn, script) : SILENT
  const whole = stopAt(answer.text, arrayOf(config['stopSequences']).map(textOf))
  const text = script.bigEvents === undefined ? cutToTokens(whole, room) : whole
  const cutShort = text.length < whole.length || room <= 0
  const signature = signs(model, turn, thoughts) ? (): string => sign(family(model), clock.random) : undefined
  const calls = callParts(room > 0 ? answer.calls : [], clock.random, signature)
  return {
    thoughts: thoughtsShown(config, thoughts),
    text,
    calls,
    made: media,
    closing: closes(calls, room) ? signature?.() : undefined,
    finish: script.finishReason ?? (cutShort ? 'MAX_TOKENS' : 'STOP'),
    finishMessage: script.finishMessage,
    prompt: promptTokens(request, turn, model),
    counts: { ...visible(text, calls, media), thoughts },
    base: { modelVersion: script.modelVersion ?? model.id, responseId: randomId(22, clock.random) },
    grounding: grounding(script, text),
  }
}

const SILENT = { text: '', calls: [] }

function visible(
  text: string,
  calls: readonly JsonObject[],
  media: Made | undefined,
): Omit<Counts, 'thoughts'> {
  if (media === undefined) return { candidates: visibleTokens(text, calls) }
  return { candidates: media.tokens, modality: media.modality }
}

function closes(calls: readonly JsonObject[], room: number): boolean {
  return calls.length === 0 && room > 0
}

function limitOf(config: JsonObject, model: Model): number {
  return typeof config['maxOutputTokens'] === 'number' ? config['maxOutputTokens'] : model.maxOutput
}

/** Summaries only when asked for, gemini.md 2.8; the hidden thoughts cost the same either way. */
function thoughtsShown(config: JsonObject, thoughts: number): string {
  const wanted = objectOf(config['thinkingConfig'])['includeThoughts'] === true
  return wanted && thoughts > 0 ? 'The user wants an answer. I will give a short one.' : ''
}

function visibleTokens(text: string, calls: readonly JsonObject[]): number {
  return calls.reduce((sum, part) => sum + tokensOf(JSON.stringify(part['functionCall'])), tokensOf(text))
}

/** gemini.md 4.6: 3.x and 4 sign; 2.5 does when it thought and had tools. */
function signs({ generation, thinking }: Model, turn: Turn, thoughts: number): boolean {
  if (thinking.kind === 'none') return false
  return generation >= 3 || (thoughts > 0 && turn.tools.length > 0)
}

/** gemini.md 3.6: a call arrives whole, and one without arguments has no `args`; only the first is signed. */
function callParts(
  calls: readonly Call[],
  random: () => number,
  signature: (() => string) | undefined,
): JsonObject[] {
  return calls.map(({ name, args, id = randomId(8, random).toLowerCase() }, index) => ({
    functionCall: { ...(id === '' ? {} : { id }), name, ...(args === undefined ? {} : { args }) },
    ...(index === 0 && signature !== undefined ? { thoughtSignature: signature() } : {}),
  }))
}

function bodyOf(generation: Generation, { script }: Exchange): Json {
  const usage = withUsage(usageMetadata(generation.prompt, generation.counts), script)
  const metered = script.noUsage === true ? {} : { usageMetadata: usage }
  if (script.blockReason !== undefined)
    return { ...blocked(script.blockReason), ...metered, ...generation.base }
  const parts = script.parts ?? partsOf(generation)
  return {
    candidates: script.emptyCandidate === true ? [{}] : [candidate(generation, parts)],
    ...metered,
    ...generation.base,
  }
}

/** gemini.md 3: no `parts` at all when thinking ate the budget or the answer is empty. */
export function candidate(generation: Generation, parts: readonly Json[]): JsonObject {
  return {
    content: { ...(parts.length > 0 ? { parts: [...parts] } : {}), role: 'model' },
    finishReason: generation.finish,
    ...(generation.finishMessage === undefined ? {} : { finishMessage: generation.finishMessage }),
    index: 0,
    ...(generation.grounding === undefined ? {} : { groundingMetadata: generation.grounding }),
  }
}

function partsOf({ thoughts, text, calls, made: media, closing }: Generation): Json[] {
  return [
    ...(thoughts === '' ? [] : [{ text: thoughts, thought: true }]),
    ...(text === '' ? [] : [{ text, ...(closing === undefined ? {} : { thoughtSignature: closing }) }]),
    ...calls,
    ...(media?.parts ?? []),
  ]
}

/** gemini.md 3.2: HTTP 200, no candidates, usage only has prompt tokens. */
export function blocked(blockReason: string): JsonObject {
  return {
    promptFeedback: {
      blockReason,
      safetyRatings: [{ category: 'HARM_CATEGORY_DANGEROUS_CONTENT', probability: 'HIGH', blocked: true }],
    },
  }
}
