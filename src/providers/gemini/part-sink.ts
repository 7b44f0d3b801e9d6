import type { ExtraContent } from '../../protocol/chat.ts'
import type { CodecContext } from '../provider.ts'
import type { Span } from './grounding.ts'
import type { Plan } from './plan.ts'

export interface ReadCall {
  /** Counted over the whole answer, across events. */
  readonly index: number
  readonly id: string
  readonly name: string
  readonly arguments: string
  readonly extra?: ExtraContent
}
/** What is made of the parts: a message, or the deltas of a stream. */
export interface PartSink {
  text(text: string): void
  thought(text: string): void
  call(call: ReadCall): void
  /** A call's signature that came after the call. */
  signCall(call: ReadCall): void
  image(url: string, extra: ExtraContent | undefined): void
  audio(data: string): void
}

/** How far one answer has been read; changed by the reader only. */
interface OpenSpan extends Span {
  readonly kind: string
  end: number
}
export interface ReadState {
  content: string
  hasContent: boolean
  calls: number
  lastCall: ReadCall | undefined
  readonly ids: Set<string>
  readonly spans: OpenSpan[]
  signature: NonNullable<ExtraContent['google']> | undefined
  readonly serverParts: unknown[]
  /** With a synthetic function: text, and the JSON that replaces it. */
  heldText: string
  heldJson: string | undefined
}

export interface Reading {
  readonly state: ReadState
  readonly plan: Plan
  readonly context: CodecContext
  /** The models that can read this answer's signatures, as far as it is known by now. */
  readonly family: () => string | undefined
}
