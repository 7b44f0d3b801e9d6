import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatReplay, isChatChunk } from '../../../src/protocol/chat-replay.ts'
import type { ChatChunk, ChatCompletion } from '../../../src/protocol/chat.ts'

const text = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' })
const call = fc.oneof(
  fc.record({
    id: fc.uuid(),
    type: fc.constant('function' as const),
    function: fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), arguments: text }),
  }),
  fc.record({
    id: fc.uuid(),
    type: fc.constant('custom' as const),
    custom: fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), input: text }),
  }),
)
const message = fc
  .record({
    content: fc.option(text, { nil: null }),
    tool_calls: fc.array(call, { maxLength: 4 }),
    reasoning_content: fc.option(text, { nil: undefined }),
    images: fc.option(
      fc.constant([{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }]),
      {
        nil: undefined,
      },
    ),
    extra_content: fc.option(fc.constant({ google: { thought_signature: 'c2ln' } }), { nil: undefined }),
  })
  .map(({ tool_calls, ...rest }) => ({
    role: 'assistant',
    refusal: null,
    ...Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)),
    ...(tool_calls.length > 0 && { tool_calls }),
  }))
const completion = fc
  .record({
    messages: fc.array(message, { minLength: 1, maxLength: 3 }),
    usage: fc.boolean(),
    logprobs: fc.boolean(),
    fingerprint: fc.boolean(),
  })
  .map(
    ({ messages, usage, logprobs, fingerprint }) =>
      ({
        id: 'chatcmpl-1',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        service_tier: 'default',
        ...(fingerprint && { system_fingerprint: 'fp' }),
        choices: messages.map((said, index) => ({
          index,
          message: said,
          logprobs:
            logprobs && (said as { content?: unknown }).content !== null
              ? { content: [{ token: 'a', logprob: -1 }], refusal: [] }
              : null,
          finish_reason: 'tool_calls' in said ? 'tool_calls' : 'stop',
        })),
        ...(usage && { usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }),
      }) as unknown as ChatCompletion,
  )

const wired = (events: readonly ChatChunk[]): ChatChunk[] => JSON.parse(JSON.stringify(events)) as ChatChunk[]

describe('chat replay', () => {
  it('makes a stream of an answer, and the same answer of the stream', () => {
    fc.assert(
      fc.property(completion, (whole) => {
        const events = wired(chatReplay.toEvents(whole))
        expect(events.every(isChatChunk)).toBe(true)
        expect(chatReplay.toResponse(events)).toEqual(whole)
      }),
      { numRuns: 300 },
    )
  })

  it('adds up a stream however it was cut', () => {
    const base = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' } as const
    fc.assert(
      fc.property(text, fc.array(fc.nat(39)), (args, cuts) => {
        const at = [0, ...cuts.filter((cut) => cut < args.length).sort((a, b) => a - b), args.length]
        const pieces = at.slice(1).map((end, i) => args.slice(at[i], end))
        const delta = (tool: object) => ({
          ...base,
          usage: null,
          choices: [{ index: 0, delta: { tool_calls: [tool] }, finish_reason: null }],
        })
        const chunks = [
          delta({ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }),
          ...pieces.map((piece) => delta({ index: 0, function: { arguments: piece } })),
          { ...base, choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
          { ...base, choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
        ] as unknown as ChatChunk[]
        expect(chatReplay.toResponse(chunks)).toMatchObject({
          usage: { total_tokens: 2 },
          choices: [
            {
              finish_reason: 'tool_calls',
              message: {
                content: null,
                tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: args } }],
              },
            },
          ],
        })
      }),
    )
  })

  it('makes no answer of a stream that has not ended', () => {
    const [whole] = fc.sample(completion, { numRuns: 1, seed: 1 })
    const events = wired(chatReplay.toEvents(whole!))
    const open = events.filter(({ choices }) => choices[0]?.finish_reason === null)
    expect(chatReplay.toResponse(open)).toBeUndefined()
    expect(chatReplay.toResponse([])).toBeUndefined()
  })
})
