import { expect, test } from 'vitest'
import { chat } from '../../../src/protocol/chat-endpoint.ts'
import { estimateOf } from '../../../src/gateway/attempt/parts.ts'

const chunk = (content: string, finish: 'stop' | null = null) =>
  ({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: finish }],
  }) as const

test('of a stream that broke off, the calls that ended are exact, and the others estimated by prompt and text', () => {
  const request = { model: 'm', messages: [{ role: 'user', content: 'word '.repeat(100) }] }
  const parts = [
    { request, body: '' },
    { request, body: '' },
  ]
  const [ended, cut] = [chat.observe(request), chat.observe(request)]
  ended.see({
    ...chunk('Hi', 'stop'),
    usage: { prompt_tokens: 900, completion_tokens: 7, total_tokens: 907 },
  })
  cut.see(chunk('x'.repeat(40)))
  const estimate = estimateOf(parts, [ended, cut])
  expect(estimate?.parts?.[0]).toMatchObject({ inputTokens: 900, outputTokens: 7 })
  expect(estimate?.parts?.[1]).toMatchObject({ estimated: true, outputTokens: cut.writtenTokens })
  expect(estimate?.parts?.[1]?.inputTokens).toBeGreaterThan(100)
  expect(estimate).toMatchObject({ estimated: true, outputTokens: 7 + (cut.writtenTokens ?? 0) })
  expect(estimateOf(parts.slice(1), [])).toBeUndefined()
})
