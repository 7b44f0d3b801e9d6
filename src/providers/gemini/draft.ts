import { GatewayError } from '../../errors.ts'
import type { ChatRequest } from '../../protocol/chat.ts'
import type { Adaptation, CodecContext } from '../provider.ts'
import type { Traits } from './model.ts'

/** One request on its way into Google's format; what had to give is gathered in `adapted`. */
export interface Draft {
  readonly request: ChatRequest
  readonly context: CodecContext
  readonly traits: Traits
  readonly adapted: Set<Adaptation>
}

/** What a change in the request is written down in, on any endpoint. */
export type Notepad = Pick<Draft, 'context' | 'adapted'>

/** Names come from the caller and end in a response header. */
const HEADER_SAFE = /^[\w.-]{1,64}$/

/** Records a change in what was asked for; once, however often it happens. */
export function note(draft: Notepad, parameter: string, what: string): void {
  draft.adapted.add(`${HEADER_SAFE.test(parameter) ? parameter : 'unknown'}=${what}`)
}

/** A hint that Google has no place for: left out and listed, or in strict mode refused. */
export function leaveOut(draft: Notepad, parameter: string, param = parameter): void {
  if (draft.context.strict) throw unsupported(param)
  note(draft, parameter, 'dropped')
}

/** The nearest that Google can do: listed, or in strict mode refused with `message`. */
export function approximate(
  draft: Notepad,
  change: { parameter: string; what: string; message: string; param?: string },
): void {
  const { parameter, what, message, param = parameter } = change
  if (draft.context.strict) throw new GatewayError('unsupported_value', message, { param })
  note(draft, parameter, what)
}

/** Leaves out every field that no codec reads: hints, and what came after this was written. */
export function leaveOutOthers(draft: Notepad, request: object, read: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(request))
    if (value !== undefined && value !== null && !read.has(name)) leaveOut(draft, name)
}

export function unsupported(param: string, why = 'is not supported with this model'): GatewayError {
  return new GatewayError('unsupported_parameter', `Unsupported parameter: '${param}' ${why}.`, { param })
}
export function unsupportedValue(param: string, message: string): GatewayError {
  return new GatewayError('unsupported_value', message, { param })
}
