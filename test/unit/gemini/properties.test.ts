import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { UpstreamFailure } from '../../../src/providers/failure.ts'
import { createNames } from '../../../src/providers/gemini/names.ts'
import { createTurns } from '../../../src/providers/gemini/turns.ts'
import type { RequestPart } from '../../../src/providers/gemini/wire.ts'
import type { Body } from './support.ts'
import {
  assembled,
  calling,
  call,
  chat,
  answer,
  contextFor,
  decode,
  encode,
  event,
  failingStream,
  OLD,
  result,
  stream,
  tool,
  user,
} from './support.ts'

const part = fc.record({ text: fc.string() })
const turn = fc.record({
  role: fc.constantFrom('user', 'model', 'results'),
  parts: fc.array(part, { maxLength: 3 }),
})

test('[gemini 4.2 step 2] merging turns keeps every part, in order, and neighbours apart', () => {
  fc.assert(
    fc.property(fc.array(turn), (list) => {
      const turns = createTurns()
      const given: RequestPart[] = []
      for (const { role, parts } of list) {
        if (role === 'results') turns.addResults(parts)
        else turns.add(role === 'model' ? 'model' : 'user', parts)
        given.push(...parts)
      }
      expect(turns.contents.flatMap((content) => content.parts)).toEqual(given)
      const roles = turns.contents.map((content) => content.role).join()
      expect(roles).not.toContain('model,model')
    }),
  )
})

test('[gemini 4.2 names] every name comes back, and all that goes out is to Google’s liking', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(
        fc.oneof(
          fc.string({ minLength: 1, maxLength: 80 }),
          fc.constantFrom('1a', '_1a', '-a', '_-a', 'a b', 'a_b', 'A', 'a'),
        ),
        { maxLength: 8 },
      ),
      (declared) => {
        const names = createNames(declared)
        const sent = declared.map(names.toGemini)
        expect(new Set(sent).size).toBe(declared.length)
        for (const name of sent) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/)
        expect(sent.map(names.fromGemini)).toEqual(declared)
      },
    ),
  )
})

/** A field of a request with anything at all in it. */
const FIELDS = [
  'messages',
  'tools',
  'functions',
  'tool_choice',
  'function_call',
  'response_format',
  'stop',
  'seed',
  'n',
  'temperature',
  'max_tokens',
  'reasoning_effort',
  'reasoning',
  'google',
  'extra_body',
  'modalities',
  'audio',
  'web_search_options',
  'stream_options',
  'service_tier',
  'logit_bias',
  'parallel_tool_calls',
  'include_reasoning',
]
/** Members that are read, so that the garbage goes deep. */
const KEYS = [
  'type',
  'role',
  'content',
  'text',
  'function',
  'name',
  'arguments',
  'id',
  'tool_calls',
  'tool_call_id',
  'image_url',
  'url',
  'file',
  'file_data',
  'input_audio',
  'data',
  'format',
  'extra_content',
  'google',
  'thought_signature',
  'parameters',
  'json_schema',
  'schema',
  'images',
  'refusal',
  'reasoning_details',
  'provider_specific_fields',
  'audio',
  'allowed_tools',
  'tools',
  'mode',
  'thinking_config',
  'server_tool_parts',
]
const WORDS = [
  '',
  'x',
  'user',
  'system',
  'assistant',
  'tool',
  'function',
  'text',
  'image_url',
  'file',
  'input_audio',
  'json_schema',
  'json_object',
  'allowed_tools',
  'auto',
  'required',
  'data:image/png;base64,AAAA',
  'wav',
  '{}',
  'low',
  'audio',
  'reasoning.encrypted',
  '__proto__',
  'constructor',
  'toString',
]
const leaf = fc.oneof(fc.constantFrom(...WORDS), fc.constant(null), fc.boolean(), fc.integer(), fc.double())
const garbage = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 4 }),
  ),
})).value

/** Whose fault an outcome is: nobody's if it works, or is refused naming a field. */
function faultOf(work: () => unknown): unknown {
  try {
    return work() ?? 'none'
  } catch (error) {
    if (error instanceof UpstreamFailure) return 'none'
    return error instanceof GatewayError && error.detail.param !== undefined ? 'none' : error
  }
}

describe('garbage', () => {
  test('in a request is refused as the caller’s, if at all, and never written to', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...FIELDS), garbage, { maxKeys: 3 }),
        fc.constantFrom('gemini-3.8-flash', OLD, 'gemma-4-31b-it', 'gemini-3.8-flash-tts'),
        fc.boolean(),
        (body, on, strict) => {
          // `encode` freezes all of it.
          expect(faultOf(() => void encode(body, { on, strict }))).toBe('none')
        },
      ),
      { numRuns: 3000 },
    )
  })
  test('deep in the messages as well', () => {
    const message = fc.dictionary(
      fc.constantFrom(
        'content',
        'tool_calls',
        'tool_call_id',
        'name',
        'function_call',
        'refusal',
        'images',
        'audio',
        'extra_content',
        'reasoning_details',
        'provider_specific_fields',
        'reasoning_content',
        'is_error',
      ),
      garbage,
      { maxKeys: 4 },
    )
    const made = fc
      .tuple(fc.constantFrom('user', 'assistant', 'tool', 'system', 'function'), message)
      .map(([role, rest]) => ({ ...rest, role }))
    fc.assert(
      fc.property(fc.array(made, { maxLength: 3 }), (messages) => {
        expect(
          faultOf(() => void encode({ messages: [user('1'), calling([call('x', 'f')]), ...messages] })),
        ).toBe('none')
      }),
      { numRuns: 3000 },
    )
  })

  const MEMBERS = [
    'candidates',
    'content',
    'parts',
    'text',
    'thought',
    'thoughtSignature',
    'functionCall',
    'name',
    'args',
    'id',
    'inlineData',
    'mimeType',
    'data',
    'finishReason',
    'promptFeedback',
    'blockReason',
    'usageMetadata',
    'promptTokenCount',
    'promptTokensDetails',
    'groundingMetadata',
    'groundingChunks',
    'groundingSupports',
    'segment',
    'startIndex',
    'partIndex',
    'groundingChunkIndices',
    'web',
    'uri',
    'title',
    'webSearchQueries',
    'searchEntryPoint',
    'executableCode',
    'language',
    'code',
    'codeExecutionResult',
    'output',
    'toolCall',
    'error',
    'details',
    'message',
    'status',
    'responseId',
    'modelVersion',
    'serviceTier',
    'finishMessage',
  ]
  const odd = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 7 },
      fc.constantFrom('', 'x', 'STOP', 'SAFETY', 'f', 'image/png', 'AAAA'),
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...MEMBERS), tie('value'), { maxKeys: 5 }),
    ),
  })).value
  const shaped = fc.record(
    {
      candidates: fc.array(
        fc.record(
          {
            content: fc.record({ parts: fc.array(odd, { maxLength: 3 }) }),
            finishReason: fc.constantFrom('STOP', 'MAX_TOKENS', 'OTHER'),
            groundingMetadata: odd,
            finishMessage: odd,
          },
          { requiredKeys: ['content'] },
        ),
        { maxLength: 2 },
      ),
      usageMetadata: odd,
      promptFeedback: odd,
      responseId: odd,
      modelVersion: odd,
    },
    { requiredKeys: ['candidates'] },
  )
  test('in an answer is the upstream’s failure, if one at all', () => {
    fc.assert(
      fc.property(fc.oneof(odd, shaped), fc.boolean(), (body, streamed) => {
        const work = (): unknown => {
          const { usage } = streamed
            ? (stream([body], { tools: [tool('f')] }).at(-1) ?? {})
            : decode(body, { tools: [tool('f')] })
          const counts = [usage?.prompt_tokens, usage?.completion_tokens, usage?.total_tokens]
          return counts.every((count) => count !== undefined && count >= 0) ? undefined : counts
        }
        expect(faultOf(work)).toBe('none')
      }),
      { numRuns: 4000 },
    )
  })
})

/** Parts as Google gives them, and the same cut into events in any way. */
const answerPart: fc.Arbitrary<Body> = fc.oneof(
  fc.record({ text: fc.string({ unit: 'grapheme', maxLength: 8 }) }),
  fc.record({ text: fc.string({ maxLength: 8 }), thought: fc.constant(true) }),
  fc.record({
    functionCall: fc.record({
      name: fc.constantFrom('f', 'g'),
      args: fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 2 }),
      id: fc.uuid(),
    }),
  }),
)
describe('cutting an answer into events', () => {
  const tools = { tools: [tool('f'), tool('g')], include_reasoning: true }
  test.each([tools, { ...tools, parallel_tool_calls: false }])(
    '[known-bug 1] [gemini-trap 7] gives the same as the whole, however it is cut',
    (body) => {
      fc.assert(
        fc.property(
          fc.array(answerPart, { minLength: 1, maxLength: 8 }),
          fc.array(fc.nat({ max: 8 }), { maxLength: 6 }),
          (parts, cuts) => {
            const ends = [...new Set([...cuts, parts.length])]
              .filter((at) => at <= parts.length)
              .sort((a, b) => a - b)
            const groups = ends.map((end, i) => parts.slice(ends[i - 1] ?? 0, end))
            const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 }
            const events = [
              ...groups.map((group) => event(group)),
              { ...event([], { finishReason: 'STOP' }), usageMetadata },
            ]
            const whole = {
              candidates: [{ content: { parts }, finishReason: 'STOP' }],
              usageMetadata,
              responseId: 'resp',
            }
            const { message, finish_reason } = answer(whole, body)
            const streamed = assembled(stream(events, body))
            expect(streamed).toEqual({
              content: message.content ?? '',
              reasoning: message.reasoning_content ?? '',
              calls: (message.tool_calls ?? []).map((each) => ({
                id: each.id,
                ...('function' in each ? each.function : {}),
              })),
              finish: finish_reason,
            })
          },
        ),
        { numRuns: 500 },
      )
    },
  )
  test('[known-bug 61] and leaving out its end is never a success', () => {
    fc.assert(
      fc.property(fc.array(answerPart, { maxLength: 6 }), (parts) => {
        const { chunks, kind } = failingStream([...parts.map((each) => event([each])), {}], tools)
        expect(kind).toBe('cut_short')
        expect(chunks.every((chunk) => chunk.choices.every((choice) => choice.finish_reason === null))).toBe(
          true,
        )
      }),
    )
  })
})

test('[gemini-trap 108] the request is read only, so that the next attempt sees what this one saw', () => {
  const request = chat({
    messages: [
      { role: 'system', content: 's' },
      user([{ type: 'text', text: 'x' }]),
      calling([call('a', 'f')]),
      result('a'),
      user('y'),
    ],
    tools: [
      tool('f', {
        parameters: {
          type: 'object',
          properties: { a: { $ref: '#/$defs/a' } },
          $defs: { a: { type: 'string' } },
        },
      }),
    ],
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'x', schema: { type: 'object', properties: {} } },
    },
    stop: ['a'],
  })
  const before = JSON.stringify(request)
  for (const on of ['gemini-3.8-flash', OLD]) {
    encode({ ...request }, { on })
    decode(
      { candidates: [{ content: { parts: [{ text: 'x' }] }, finishReason: 'STOP' }] },
      { ...request },
      { on },
    )
  }
  expect(JSON.stringify(request)).toBe(before)
  expect(contextFor().strict).toBe(false)
})
