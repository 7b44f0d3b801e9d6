import { randomId } from '../answer.ts'
import { objectOf } from '../json.ts'
import type { Json, JsonObject } from '../json.ts'
import { pieces } from '../tokens.ts'
import type { Exchange, Frame, Framing, Reply } from '../types.ts'
import { argumentsText, citation } from './completion.ts'
import type { Choice, Completion } from './completion.ts'
import { faultBody } from './errors.ts'

const FRAMING: Framing = {
  contentType: 'text/event-stream; charset=utf-8',
  frame: (data) => `data: ${data}\n\n`,
  close: '',
  // openai.md 2.8, mid-stream failure: one frame, then close without [DONE].
  failure: (script) => `data: ${JSON.stringify(faultBody(script))}\n\n`,
}

/** With carriage returns when a script asks for them: a reader must take either, openai.md 1.8. */
const CRLF: Framing = {
  ...FRAMING,
  frame: (data) => `data: ${data}\r\n\r\n`,
  failure: (script) => `data: ${JSON.stringify(faultBody(script))}\r\n\r\n`,
}

/** The chunks of openai.md 2.8, in the order seen on the wire. */
export function stream(completion: Completion, request: JsonObject, exchange: Exchange): Reply {
  const options = objectOf(request['stream_options'])
  const metered = options['include_usage'] === true && exchange.script.noUsage !== true
  const chunk = chunker(completion, metered, options['include_obfuscation'] !== false ? exchange : undefined)
  const deltas = completion.choices.map((choice) => deltasOf(choice, exchange))
  const frames: Frame[] = []
  completion.choices.forEach((choice, index) =>
    frames.push({ kind: 'head', data: chunk(index, headOf(choice), null) }),
  )
  const longest = Math.max(...deltas.map(({ length }) => length))
  for (let step = 0; step < longest; step++) {
    for (const [index, mine] of deltas.entries()) {
      const delta = mine[step]
      if (delta !== undefined) frames.push({ kind: 'delta', data: chunk(index, delta, null) })
    }
  }
  completion.choices.forEach(({ finish }, index) =>
    frames.push({ kind: 'finish', data: chunk(index, {}, finish) }),
  )
  if (metered)
    frames.push({
      kind: 'usage',
      data: { ...objectOf(chunk(0, {}, null)), choices: [], usage: completion.usage },
    })
  const scripted = exchange.script.events?.map((data): Frame => ({ kind: 'delta', data }))
  return {
    kind: 'stream',
    frames: [...(scripted ?? frames), { kind: 'done', data: '[DONE]' }],
    framing: exchange.script.crlf === true ? CRLF : FRAMING,
    usage: completion.usage,
  }
}

type Chunker = (index: number, delta: Json, finish: string | null) => Json

/** `usage: null` on every chunk only with include_usage; obfuscation unless switched off. */
function chunker(completion: Completion, metered: boolean, obfuscated: Exchange | undefined): Chunker {
  return (index, delta, finish) => ({
    id: completion.id,
    object: 'chat.completion.chunk',
    created: completion.created,
    model: completion.model,
    service_tier: completion.tier,
    system_fingerprint: 'fp_sim',
    choices: [{ index, delta, logprobs: null, finish_reason: finish }],
    ...(metered ? { usage: null } : {}),
    ...(obfuscated === undefined ? {} : { obfuscation: padding(obfuscated) }),
  })
}

function padding({ clock }: Exchange): string {
  return randomId(1 + Math.floor(clock.random() * 12), clock.random)
}

function headOf({ calls, text }: Choice): Json {
  return { role: 'assistant', content: calls.length > 0 && text === '' ? null : '', refusal: null }
}

function deltasOf(choice: Choice, { script }: Exchange): Json[] {
  if (script.parts !== undefined) return script.parts
  if (choice.refusal !== undefined) return pieces(choice.refusal).map((refusal) => ({ refusal }))
  const text = script.bigEvents === undefined ? pieces(choice.text) : [choice.text]
  return [
    ...text.map((content): Json => ({ content })),
    ...choice.calls.flatMap((call, index) => callDeltas(call, index)),
    ...(script.grounding === undefined ? [] : [{ annotations: [citation(choice.text)] }]),
  ]
}

/** id, type and name only in the opening delta; the arguments follow in pieces that mean nothing alone. */
function callDeltas({ id, custom, call }: Choice['calls'][number], index: number): Json[] {
  const written = Array.from(argumentsText(call))
  const size = Math.max(1, Math.ceil(written.length / 3))
  const parts = Array.from({ length: Math.ceil(written.length / size) }, (_, at) =>
    written.slice(at * size, (at + 1) * size).join(''),
  )
  if (custom) {
    return [
      { tool_calls: [{ index, id, type: 'custom', custom: { name: call.name, input: '' } }] },
      ...parts.map((input) => ({ tool_calls: [{ index, custom: { input } }] })),
    ]
  }
  return [
    { tool_calls: [{ index, id, type: 'function', function: { name: call.name, arguments: '' } }] },
    ...parts.map((piece) => ({ tool_calls: [{ index, function: { arguments: piece } }] })),
  ]
}
