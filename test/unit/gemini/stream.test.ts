import { describe, expect, test } from 'vitest'
import type { FailureKind } from '../../../src/providers/failure.ts'
import { assembled, END, event, failingStream, failureKind, answer, stream, tool } from './support.ts'

const tools = { tools: [tool('f'), tool('g')] }
const call = (name: string, args?: unknown, id?: string) => ({
  functionCall: { name, ...(args !== undefined && { args }), ...(id !== undefined && { id }) },
})
const toolDeltas = (events: readonly unknown[]) =>
  stream(events, tools)
    .flatMap((chunk) => chunk.choices)
    .flatMap((choice) => choice.delta.tool_calls ?? [])

describe('a stream', () => {
  test('[gemini 4.10 step 1] the role comes once, in a chunk of its own', () => {
    const chunks = stream([event([{ text: 'Hel' }]), event([{ text: 'lo' }]), END])
    expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'Hel' },
      { content: 'lo' },
      {},
      undefined,
    ])
  })
  test('[gemini 4.10] every chunk repeats one id, time and model', () => {
    const chunks = stream([
      event([{ text: 'a' }]),
      { candidates: [{ content: { parts: [{ text: 'b' }] } }] },
      END,
    ])
    expect(
      new Set(chunks.map(({ id, created, model, object }) => JSON.stringify([id, created, model, object]))),
    ).toEqual(
      new Set([JSON.stringify(['chatcmpl-resp', 1_790_000_000, 'public-name', 'chat.completion.chunk'])]),
    )
    const nameless = stream([{ candidates: [{ content: { parts: [{ text: 'b' }] }, finishReason: 'STOP' }] }])
    expect(new Set(nameless.map((chunk) => chunk.id)).size).toBe(1)
  })
  test('[gemini 4.10 step 2] [gemini-trap 5] [gemini-trap 6] [known-bug 1] calls are numbered over the whole answer', () => {
    const deltas = toolDeltas([
      event([call('f', { a: 1 }, 'x')]),
      event([call('g', {}, 'y'), call('f', undefined, 'z')]),
      END,
    ])
    expect(deltas).toEqual([
      { index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
      { index: 1, id: 'y', type: 'function', function: { name: 'g', arguments: '{}' } },
      { index: 2, id: 'z', type: 'function', function: { name: 'f', arguments: '{}' } },
    ])
  })
  test('[known-bug 1] [known-bug 2] [known-bug 3] clients put the calls together as they were meant', () => {
    const { calls, finish } = assembled(
      stream([event([call('f', { a: 1 })]), event([call('f', { a: 2 })]), event([call('g')]), END], tools),
    )
    expect(calls.map(({ name, arguments: args }) => [name, args])).toEqual([
      ['f', '{"a":1}'],
      ['f', '{"a":2}'],
      ['g', '{}'],
    ])
    expect(new Set(calls.map((each) => each.id)).size).toBe(3)
    expect(finish).toBe('tool_calls')
  })
  test('[gemini-trap 7] [known-bug 4] text and calls in one event both come, in order', () => {
    const chunks = stream(
      [event([{ text: 'Let me see. ' }, call('f'), { text: 'And ' }, call('g'), { text: '' }]), END],
      tools,
    )
    expect(
      chunks.map(
        ({ choices: [choice] }) => choice?.delta.content || choice?.delta.tool_calls?.[0]?.function?.name,
      ),
    ).toEqual([undefined, 'Let me see. ', 'f', 'And ', 'g', undefined, undefined])
  })
  test('[gemini-trap 48] an empty call at the end of another is none', () => {
    const { calls, finish } = assembled(
      stream([event([call('f', { a: 1 })]), event([{ functionCall: {} }]), END], tools),
    )
    expect(calls).toHaveLength(1)
    expect(finish).toBe('tool_calls')
  })
  test('[known-bug 5] a message without words does not forget the call', () => {
    expect(assembled(stream([event([call('f')]), event([]), event([{ text: '' }]), END], tools)).finish).toBe(
      'tool_calls',
    )
  })
  test('[gemini 4.10 step 3] what comes after the end still counts', () => {
    const chunks = stream([
      event([{ text: 'a' }], { finishReason: 'STOP' }),
      { usageMetadata: { promptTokenCount: 3, totalTokenCount: 3 } },
    ])
    expect(chunks.at(-1)?.usage?.prompt_tokens).toBe(3)
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
  })
  test('[gemini 4.10 step 4] [gemini-trap 19] the usage chunk ends it; [DONE] is not the codec’s', () => {
    const chunks = stream([event([{ text: 'a' }]), END])
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 0 } })
    expect(JSON.stringify(chunks)).not.toContain('DONE')
  })
  test('[gemini-trap 18] a single event of some megabytes is one chunk', () => {
    const text = 'x'.repeat(3_000_000)
    expect(assembled(stream([event([{ text }]), END])).content).toBe(text)
  })
})

describe('a stream that fails', () => {
  test('[gemini 4.10 step 5] [gemini-trap 16] [known-bug 7] [known-bug 60] [known-bug 61] [known-bug 63] without a reason it was cut short, and nothing is made up', () => {
    const { chunks, kind } = failingStream([event([{ text: 'Hel' }])])
    expect(kind).toBe('cut_short')
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, null])
    expect(failingStream([event([{ functionCall: { name: 'f' } }])], tools).kind).toBe('cut_short')
    expect(failingStream([{ usageMetadata: { promptTokenCount: 1 } }]).kind).toBe('cut_short')
    expect(failingStream([]).kind).toBe('empty')
  })
  const error = { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' }
  test.each<[string, unknown, FailureKind]>([
    ['an object', { error }, 'overloaded'],
    ['an array [gemini-trap 118]', [{ error }], 'overloaded'],
    [
      'without code [gemini-trap 15]',
      { error: { message: 'x', status: 'RESOURCE_EXHAUSTED' } },
      'rate_limited',
    ],
    ['with a code that is text', { error: { code: '500', message: 'x' } }, 'server_error'],
    ['without either', { error: { message: 'x' } }, 'server_error'],
    ['a text', { error: 'boom' }, 'server_error'],
    ['JSON in its message', { error: { code: 500, message: JSON.stringify({ error }) } }, 'overloaded'],
    [
      'a bad key',
      {
        error: {
          code: 400,
          status: 'INVALID_ARGUMENT',
          message: 'API key expired. Please renew the API key.',
        },
      },
      'bad_credential',
    ],
  ])('[gemini-trap 14] [known-bug 13] [known-bug 64] an error inside the 200: %s', (_shape, body, kind) => {
    expect(failingStream([body])).toEqual({ chunks: [], kind })
    const late = failingStream([event([{ text: 'a' }]), body])
    expect([late.kind, late.chunks.length]).toEqual([kind, 2])
    expect(failureKind(() => answer(body))).toBe(kind)
  })
  test('[known-bug 62] before the first word nothing has been said, so another target can take over', () => {
    expect(failingStream([{ candidates: [{}] }, { usageMetadata: {} }, { error }]).chunks).toEqual([])
  })
  test('an event that is no event is garbled', () => {
    for (const odd of [null, 5, 'x', []]) expect(failingStream([odd]).kind).toBe('garbled')
  })
})
