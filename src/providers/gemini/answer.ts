import { randomText } from '../../lib/chance.ts'
import type { ChatRequest, ChatUsage, ExtraContent, FinishReason, UrlCitation } from '../../protocol/chat.ts'
import { isRecord } from '../../protocol/guards.ts'
import { UpstreamFailure } from '../failure.ts'
import type { CodecContext } from '../provider.ts'
import { classify } from './errors.ts'
import { blockReason, finishFor, refuseFailedFinish, UNSPECIFIED } from './finish.ts'
import { annotations, mergedGrounding } from './grounding.ts'
import { signatureFamily, traitsFor } from './model.ts'
import type { Plan } from './plan.ts'
import { planTools } from './plan.ts'
import type { PartSink } from './part-sink.ts'
import type { PartReader } from './read-parts.ts'
import { createPartReader } from './read-parts.ts'
import { countOnly, listOnly, objectOnly, textOnly } from './tolerate.ts'
import { chatUsage, mergedUsage, servedTier } from './usage.ts'
import type { Answer, Candidate, GenerateContentResponse, GroundingMetadata, UsageMetadata } from './wire.ts'

/** What is known only when all of an answer has been read. */
export interface Ending {
  readonly finish: FinishReason
  readonly native: string | undefined
  readonly refusal: string | undefined
  readonly usage: ChatUsage
  readonly annotations: readonly UrlCitation[]
  readonly extra: ExtraContent | undefined
  readonly tier: string | undefined
}

/** One answer of Google's being read, whole or in events; the consumer's sink gets what can be shown. */
export interface AnswerReader {
  readonly plan: Plan
  readonly parts: PartReader
  readonly id: string
  readonly created: number
  readonly modelVersion: string | undefined
  /** Throws `UpstreamFailure` for an error in place of an answer. */
  take(response: Answer, sink: PartSink): void
  /** Throws `UpstreamFailure` if what came is no answer. */
  end(sink: PartSink): Ending
}

interface Seen {
  events: number
  finish: string | undefined
  finishMessage: string | undefined
  block: string | undefined
  blockMessage: string | undefined
  usage: UsageMetadata | undefined
  grounding: GroundingMetadata | undefined
  continuation: string | undefined
  modelVersion: string | undefined
  id: string | undefined
}

/** `whole`: the answer comes in one piece, which cannot be cut short without being no JSON. */
export function readAnswer(request: ChatRequest, context: CodecContext, whole: boolean): AnswerReader {
  const traits = traitsFor(context)
  const plan = planTools(request, traits)
  const seen = nothingSeen()
  const parts = createPartReader(
    plan,
    context,
    () => signatureFamily(seen.modelVersion ?? '') ?? signatureFamily(traits.model),
  )
  return {
    plan,
    parts,
    created: Math.floor(context.chance.now() / 1000),
    get id() {
      seen.id ??= randomText(context.chance)
      return `chatcmpl-${seen.id}`
    },
    get modelVersion() {
      return seen.modelVersion
    },
    take(response, sink) {
      const event = bare(response)
      seen.events++
      const candidate = objectOnly(listOnly(event.candidates)[0])
      see(event, candidate, seen)
      parts.read(listOnly(objectOnly(candidate?.content)?.parts), sink)
      if (seen.finish !== undefined) refuseFailedFinish(seen.finish)
    },
    end(sink) {
      parts.flush(sink)
      return ending({ seen, parts, plan, whole })
    },
  }
}

function nothingSeen(): Seen {
  return {
    events: 0,
    finish: undefined,
    finishMessage: undefined,
    block: undefined,
    blockMessage: undefined,
    usage: undefined,
    grounding: undefined,
    continuation: undefined,
    modelVersion: undefined,
    id: undefined,
  }
}

/** The event itself, out of what it may come wrapped in. Throws `UpstreamFailure` for an error in its place. */
export function bare(response: Answer): GenerateContentResponse {
  const event: GenerateContentResponse | undefined | null = isResponseList(response) ? response[0] : response
  if (!isRecord(event))
    throw new UpstreamFailure({ kind: 'garbled', message: 'Gemini answered something that is no answer.' })
  if (event['error'] !== undefined && event['error'] !== null)
    throw new UpstreamFailure(classify(200, undefined, event))
  return event
}
function isResponseList(response: Answer): response is readonly GenerateContentResponse[] {
  return Array.isArray(response)
}

function see(event: GenerateContentResponse, candidate: Candidate | undefined, seen: Seen): void {
  const usage = objectOnly(event.usageMetadata)
  const feedback = objectOnly(event.promptFeedback)
  seen.id ??= textOnly(event.responseId)
  seen.modelVersion ??= textOnly(event.modelVersion)
  if (usage !== undefined) seen.usage = mergedUsage(seen.usage, usage)
  if (feedback !== undefined) {
    seen.block ??= blockReason(feedback.blockReason)
    seen.blockMessage ??= textOnly(feedback.blockReasonMessage)
  }
  if (candidate !== undefined) seeCandidate(candidate, seen)
}
function seeCandidate(candidate: Candidate, seen: Seen): void {
  const grounding = objectOnly(candidate.groundingMetadata)
  if (typeof candidate.finishReason === 'string' && candidate.finishReason !== '')
    seen.finish = candidate.finishReason
  seen.finishMessage = textOnly(candidate.finishMessage) ?? seen.finishMessage
  seen.continuation = textOnly(candidate.continuationToken) ?? seen.continuation
  if (grounding !== undefined) seen.grounding = mergedGrounding(seen.grounding, grounding)
}
interface Read {
  readonly seen: Seen
  readonly parts: PartReader
  readonly plan: Plan
  readonly whole: boolean
}

function ending(read: Read): Ending {
  const { seen, parts } = read
  const reason = reasonOf(read)
  const finish = finishOf(reason, read)
  const google = extraOf(read)
  return {
    finish,
    native: NAMED_ALIKE.has(reason) ? undefined : reason,
    refusal: finish === 'content_filter' && !parts.hasContent ? refusalText(reason, seen) : undefined,
    usage: chatUsage(seen.usage ?? {}, seen.grounding),
    annotations: seen.grounding === undefined ? [] : annotations(seen.grounding, parts.content, parts.spans),
    extra: google && { google },
    tier: servedTier(seen.usage),
  }
}
const NAMED_ALIKE: ReadonlySet<string> = new Set(['STOP', 'MAX_TOKENS', UNSPECIFIED])
const BLOCKED = 'SAFETY'

function reasonOf({ seen, parts, whole }: Read): string {
  if (seen.finish !== undefined) return seen.finish
  if (seen.block !== undefined) return seen.block
  // proto3-JSON leaves out an unspecified reason; in a stream its absence means that the end is missing.
  if (whole && parts.hasContent) return UNSPECIFIED
  if (whole && parts.calls > 0) return UNSPECIFIED
  const started = seen.events > 0 && !whole
  throw new UpstreamFailure(
    started
      ? { kind: 'cut_short', message: 'The stream from Gemini ended before the answer did.' }
      : { kind: 'empty', message: 'Gemini answered nothing.' },
  )
}

function finishOf(reason: string, { seen, parts, plan }: Read): FinishReason {
  if (seen.finish === undefined && seen.block !== undefined) return 'content_filter'
  const something = parts.hasContent || parts.calls > 0
  const finish = finishFor(reason, something)
  if (finish !== 'stop') return finish
  if (parts.calls > 0) return plan.legacy ? 'function_call' : 'tool_calls'
  // Google now and then ends like this after tool results; asked again it answers.
  if (!something && plan.declared.size > 0 && countOnly(seen.usage?.candidatesTokenCount) === 0) {
    throw new UpstreamFailure({ kind: 'misspoken', message: 'Gemini answered nothing.' })
  }
  return finish
}
function refusalText(reason: string, { finishMessage, blockMessage }: Seen): string {
  return (
    blockMessage ||
    finishMessage ||
    `Gemini withheld the answer (${/^\w{1,60}$/.test(reason) ? reason : BLOCKED}).`
  )
}

function extraOf({ seen, parts }: Read): NonNullable<ExtraContent['google']> | undefined {
  const own = parts.extra()
  const queries = listOnly(seen.grounding?.webSearchQueries)
  const entry = textOnly(seen.grounding?.searchEntryPoint?.renderedContent)
  const { continuation } = seen
  if (own === undefined && queries.length === 0 && entry === undefined && continuation === undefined)
    return undefined
  return {
    ...own,
    ...(queries.length > 0 && { web_search_queries: queries }),
    ...(entry !== undefined && { search_entry_point: entry }),
    ...(continuation !== undefined && { continuation_token: continuation }),
  }
}
