import { randomText } from '../../lib/chance.ts'
import type { AnswerImage, ChatDelta, ExtraContent, ToolCallDelta, UrlCitation } from '../chat.ts'
import type { Citation, ResponsesRequest } from '../responses.ts'
import type { BridgeContext } from './bridge.ts'
import { sealEnvelope } from './envelope.ts'
import {
  messageShell,
  openCall,
  openMessage,
  openReasoning,
  openWhole,
  reasoningShell,
  type OpenCall,
  type OpenMessage,
  type OpenReasoning,
} from './response-items.ts'
import { createStage, type Send, type Stage } from './response-stage.ts'

export type Google = NonNullable<ExtraContent['google']>

/** The output of one response in the making; changed by the functions of this file only. */
export interface Body {
  readonly stage: Stage
  readonly send: Send
  /** The item of each kind that was opened last; it may be closed by now. */
  reasoning: OpenReasoning | undefined
  message: OpenMessage | undefined
  call: OpenCall | undefined
  /** The calls' ids, by their index in the answer. */
  readonly calls: string[]
  /** Envelopes for items that are closed already. */
  readonly late: string[]
  google: Google | undefined
  readonly id: (prefix: string) => string
  readonly seal: (extra: ExtraContent | undefined, on?: string) => string | undefined
  /** The caller keeps what it does not understand, and gives it back. */
  readonly asksForSignatures: boolean
}

export function createBody(request: ResponsesRequest, { chance, target }: BridgeContext, send: Send): Body {
  return {
    stage: createStage(send),
    send,
    reasoning: undefined,
    message: undefined,
    call: undefined,
    calls: [],
    late: [],
    google: undefined,
    id: (prefix) => `${prefix}_${randomText(chance, 40)}`,
    seal: (extra, on) => sealEnvelope(extra?.google, { provider: target.provider, on }),
    asksForSignatures: (request.include ?? []).includes('reasoning.encrypted_content'),
  }
}

/** Adds what a chat answer says next. */
export function addDelta(body: Body, delta: ChatDelta): void {
  const { reasoning_content: thought, content, refusal, extra_content: extra } = delta
  if (thought) onReasoning(body).summary(thought)
  if (content) onMessage(body).text(content)
  if (refusal) onMessage(body).refusal(refusal)
  for (const annotation of delta.annotations ?? []) cite(body, annotation)
  for (const image of delta.images ?? []) addImage(body, image)
  for (const call of delta.tool_calls ?? []) addCall(body, call)
  if (extra?.google !== undefined) addExtra(body, extra.google)
}

/** Closes what is open, and adds what came too late for its item. */
export function closeBody(body: Body, status: 'completed' | 'incomplete'): void {
  body.stage.close(status)
  for (const sealed of body.late) {
    onUnsealed(body).seal(sealed)
    body.stage.close('completed')
  }
}

function onReasoning(body: Body): OpenReasoning {
  const { stage, send, id } = body
  if (body.reasoning === undefined || stage.open !== body.reasoning)
    body.reasoning = stage.begin(reasoningShell(id('rs')), (place) => openReasoning(send, place))
  return body.reasoning
}

/** An item holds one envelope. */
function onUnsealed(body: Body): OpenReasoning {
  if (body.reasoning?.sealed === true) body.stage.close('completed')
  return onReasoning(body)
}

function onMessage(body: Body): OpenMessage {
  const { stage, send, id } = body
  if (body.message === undefined || stage.open !== body.message)
    body.message = stage.begin(messageShell(id('msg')), (place) => openMessage(send, place))
  return body.message
}

/** A citation of text whose item is closed has nowhere to go. */
function cite({ message, stage }: Body, { url_citation: citation }: UrlCitation): void {
  const flat: Citation = { type: 'url_citation', ...citation }
  if (message !== undefined && stage.open === message) message.cite(flat)
}

function addCall(body: Body, { index, id, function: called, extra_content: extra }: ToolCallDelta): void {
  const known = body.calls[index]
  if (known === undefined) beginCall(body, index, { id, name: called?.name ?? '', extra })
  else {
    const sealed = body.seal(extra, known)
    if (sealed !== undefined) body.late.push(sealed)
  }
  if (index === body.calls.length - 1) body.call?.add(called?.arguments ?? '')
}

/** What the call is signed with stands in a reasoning item before it, where clients keep it. */
function beginCall(
  body: Body,
  index: number,
  {
    id,
    name,
    extra,
  }: { readonly id?: string | undefined; readonly name: string; readonly extra?: ExtraContent | undefined },
): void {
  const { stage, send } = body
  const callId = id ?? body.id('call')
  body.calls[index] = callId
  const sealed = body.seal(extra, callId)
  if (sealed !== undefined) onUnsealed(body).seal(sealed)
  const shell = {
    type: 'function_call',
    id: body.id('fc'),
    call_id: callId,
    name,
    arguments: '',
    status: 'in_progress',
  } as const
  body.call = stage.begin(shell, (place) => openCall(send, place, shell))
}

function addImage(body: Body, { image_url: { url }, extra_content: extra }: AnswerImage): void {
  const { stage, send } = body
  const id = body.id('ig')
  const sealed = body.seal(extra, id)
  if (sealed !== undefined) onUnsealed(body).seal(sealed)
  const result = url.slice(url.indexOf(',') + 1)
  const item = { type: 'image_generation_call', id } as const
  stage.begin({ ...item, status: 'in_progress', result: null }, (place) =>
    openWhole(send, place, { ...item, status: 'completed', result }, IMAGE_STATES),
  )
}
const IMAGE_STATES = ['in_progress', 'generating', 'completed']

/** In a whole answer it comes before the text, in a stream at the end. */
function addExtra(body: Body, extra: Google): void {
  body.google = { ...body.google, ...extra }
  const sealed = body.seal({ google: extra })
  if (sealed !== undefined) sealMessage(body, sealed)
  if ((extra.web_search_queries ?? []).length > 0) addSearch(body, extra)
}

/** An item after the message surprises clients who take the last one: only those who ask for it get it. */
function sealMessage(body: Body, sealed: string): void {
  if (body.reasoning !== undefined && body.stage.open === body.reasoning) onUnsealed(body).seal(sealed)
  else if (body.asksForSignatures) body.late.push(sealed)
}

function addSearch({ stage, send, id }: Body, extra: Google): void {
  const { web_search_queries: queries = [], search_entry_point: entry } = extra
  const item = {
    type: 'web_search_call',
    id: id('ws'),
    action: { type: 'search', query: queries[0] ?? '', queries },
    ...(entry !== undefined && { extra_content: { google: { search_entry_point: entry } } }),
  } as const
  stage.begin({ ...item, status: 'in_progress' }, (place) =>
    openWhole(send, place, { ...item, status: 'completed' }, SEARCH_STATES),
  )
}
const SEARCH_STATES = ['in_progress', 'searching', 'completed']
