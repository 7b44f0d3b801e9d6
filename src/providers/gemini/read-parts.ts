import type { ExtraContent } from '../../protocol/chat.ts'
import { isRecord } from '../../protocol/guards.ts'
import type { CodecContext } from '../provider.ts'
import type { Span } from './grounding.ts'
import type { Plan } from './plan.ts'
import { readCall, signatureExtra, signLastCall } from './read-call.ts'
import type { PartSink, Reading, ReadState } from './part-sink.ts'
import type { AnswerPart } from './wire.ts'

/** The one reader of Google's parts, for whole answers and for streams: an event has an answer's shape. */
export interface PartReader {
  read(parts: readonly (AnswerPart | null | undefined)[], sink: PartSink): void
  /** Gives out what could not be judged before the end. */
  flush(sink: PartSink): void
  readonly calls: number
  readonly hasContent: boolean
  readonly content: string
  readonly spans: readonly Span[]
  /** What belongs to the message and to none of its calls or images. */
  extra(): NonNullable<ExtraContent['google']> | undefined
}

export function createPartReader(plan: Plan, context: CodecContext, family: Reading['family']): PartReader {
  const state: ReadState = {
    content: '',
    hasContent: false,
    calls: 0,
    lastCall: undefined,
    ids: new Set(),
    spans: [],
    signature: undefined,
    serverParts: [],
    heldText: '',
    heldJson: undefined,
  }
  const reading: Reading = { state, plan, context, family }
  return {
    read(parts, sink) {
      let joins = true
      for (const part of parts) {
        if (part === null || part === undefined) continue
        readPart(part, joins, sink, reading)
        joins = false
      }
    },
    flush(sink) {
      if (plan.synthetic === undefined) return
      const text = state.calls === 0 && state.heldJson !== undefined ? state.heldJson : state.heldText
      if (text !== '') giveText(text, sink, state)
    },
    get calls() {
      return state.calls
    },
    get hasContent() {
      return state.hasContent
    },
    get content() {
      return state.content
    },
    spans: state.spans,
    extra() {
      if (state.signature === undefined && state.serverParts.length === 0) return undefined
      return {
        ...state.signature,
        ...(state.serverParts.length > 0 && { server_tool_parts: state.serverParts }),
      }
    },
  }
}

/** `joins`: the first part of an event may go on with the last one of the event before. */
function readPart(part: AnswerPart, joins: boolean, sink: PartSink, reading: Reading): void {
  const { state } = reading
  const kind = kindOf(part)
  openSpan(kind, joins, state)
  KINDS[kind](part, sink, reading)
  const span = state.spans.at(-1)
  if (span !== undefined) span.end = state.content.length
}

type Kind = 'thought' | 'call' | 'text' | 'media' | 'code' | 'server' | 'other'

function kindOf(part: AnswerPart): Kind {
  if (part.thought === true) return 'thought'
  if (isRecord(part.functionCall)) return 'call'
  if (isRecord(part.inlineData)) return 'media'
  if (isRecord(part.executableCode) || isRecord(part.codeExecutionResult)) return 'code'
  if (isRecord(part.toolCall) || isRecord(part.toolResponse)) return 'server'
  return typeof part.text === 'string' ? 'text' : 'other'
}
function openSpan(kind: Kind, joins: boolean, state: ReadState): void {
  const last = state.spans.at(-1)
  if (joins && last?.kind === kind && (kind === 'text' || kind === 'thought')) return
  state.spans.push({ kind, start: state.content.length, end: state.content.length })
}

const KINDS: Readonly<Record<Kind, (part: AnswerPart, sink: PartSink, reading: Reading) => void>> = {
  thought(part, sink, reading) {
    keepSignature(part, reading)
    if (reading.plan.thoughts && typeof part.text === 'string' && part.text !== '') sink.thought(part.text)
  },
  text(part, sink, reading) {
    // Read before the empty text is left out: in streams it is where the signature stands.
    keepSignature(part, reading)
    if (typeof part.text === 'string') readText(part.text, sink, reading)
  },
  call: readCall,
  media(part, sink, { state, family }) {
    const { mimeType, data } = part.inlineData ?? {}
    if (typeof mimeType !== 'string' || typeof data !== 'string') return
    if (mimeType.startsWith('image/'))
      sink.image(`data:${mimeType};base64,${data}`, signatureExtra(part, family))
    else if (mimeType.startsWith('audio/')) sink.audio(data)
    else return
    state.hasContent = true
  },
  code(part, sink, reading) {
    keepSignature(part, reading)
    readText(codeBlock(part), sink, reading)
  },
  server(part, _sink, { state }) {
    const { toolCall, toolResponse, thoughtSignature } = part
    state.serverParts.push({
      ...(toolCall !== undefined && { toolCall }),
      ...(toolResponse !== undefined && { toolResponse }),
      ...(typeof thoughtSignature === 'string' && { thoughtSignature }),
    })
  },
  other(part, sink, reading) {
    // A signature all by itself belongs to the call before it.
    if (reading.state.lastCall === undefined) keepSignature(part, reading)
    else signLastCall(part, sink, reading)
  },
}

function readText(text: string, sink: PartSink, { state, plan }: Reading): void {
  if (text === '') return
  if (plan.synthetic === undefined) giveText(text, sink, state)
  else state.heldText += text
}
function giveText(text: string, sink: PartSink, state: ReadState): void {
  state.content += text
  state.hasContent = true
  sink.text(text)
}
/** As Google's own studio shows what its tool ran; never a call of the client's. */
function codeBlock({ executableCode, codeExecutionResult }: AnswerPart): string {
  const { language, code } = executableCode ?? {}
  const text = code ?? codeExecutionResult?.output
  const tag = typeof language === 'string' ? language.toLowerCase() : ''
  return typeof text === 'string' && text !== '' ? `\n\`\`\`${tag}\n${text}\n\`\`\`\n` : ''
}

function keepSignature({ text, thoughtSignature }: AnswerPart, { state, family }: Reading): void {
  if (typeof thoughtSignature !== 'string' || thoughtSignature === '') return
  state.signature = {
    thought_signature: thoughtSignature,
    thought_signature_model: family(),
    thought_signature_part: text === '' ? 'empty_text' : 'text',
  }
}
