import { randomText } from '../../lib/chance.ts'
import type { ExtraContent } from '../../protocol/chat.ts'
import type { PartSink, ReadCall, Reading } from './part-sink.ts'
import type { GeminiParameters } from './schema/index.ts'
import { unwrapArguments } from './schema/index.ts'
import { rememberSignature } from './signatures.ts'
import type { AnswerPart } from './wire.ts'

/** A call comes whole: Google's Developer API does not stream arguments (gemini.md 3.6). */
export function readCall(part: AnswerPart, sink: PartSink, reading: Reading): void {
  const { state, plan } = reading
  const { name, id, args } = part.functionCall ?? {}
  if (typeof name !== 'string' || name === '') return signLastCall(part, sink, reading)
  const known = plan.names.fromGemini(name)
  if (known === plan.synthetic?.name) {
    state.heldJson = argumentsOf(args, plan.synthetic.parameters)
    return
  }
  if (plan.firstCallOnly && state.calls > 0) return
  const extra = signatureExtra(part, reading.family)
  const call: ReadCall = {
    index: state.calls++,
    id: uniqueId(id, reading),
    name: known,
    arguments: argumentsOf(args, plan.declared.get(known)?.parameters),
    ...(extra && { extra }),
  }
  state.ids.add(call.id)
  state.lastCall = call
  if (extra !== undefined) remember(call.id, part, reading)
  sink.call(call)
}
/** A call without arguments has no `args`; clients parse what they get, and "" is no JSON. */
function argumentsOf(args: unknown, parameters: GeminiParameters | undefined): string {
  return JSON.stringify((parameters?.wrapped === true ? unwrapArguments(args) : args) ?? {})
}
/** Google's id where it is one; ids by name or count would meet again in later turns. */
function uniqueId(id: unknown, { state, context }: Reading): string {
  return typeof id === 'string' && id !== '' && !state.ids.has(id) ? id : `call_${randomText(context.chance)}`
}

/** A signature by itself belongs to the call before it. */
export function signLastCall(part: AnswerPart, sink: PartSink, reading: Reading): void {
  const { lastCall } = reading.state
  const extra = signatureExtra(part, reading.family)
  if (lastCall === undefined || lastCall.extra !== undefined || extra === undefined) return
  const call = { ...lastCall, extra }
  reading.state.lastCall = call
  remember(call.id, part, reading)
  sink.signCall(call)
}
export function signatureExtra(
  { thoughtSignature }: AnswerPart,
  family: Reading['family'],
): ExtraContent | undefined {
  if (typeof thoughtSignature !== 'string' || thoughtSignature === '') return undefined
  return { google: { thought_signature: thoughtSignature, thought_signature_model: family() } }
}
function remember(callId: string, { thoughtSignature }: AnswerPart, { context, family }: Reading): void {
  if (typeof thoughtSignature === 'string')
    rememberSignature(context.notes, callId, thoughtSignature, family())
}
