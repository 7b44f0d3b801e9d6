import { expect, test } from 'vitest'
import { capped } from '../../../src/gateway/capped.ts'
import type { Call } from '../../../src/gateway/types.ts'
import { scanJson } from '../../../src/lib/json-scan.ts'

function chat(text: string): Call<'chat'> {
  const bytes = new Uint8Array(new TextEncoder().encode(text))
  return {
    endpoint: 'chat',
    request: JSON.parse(text),
    raw: { kind: 'json', text, bytes, members: scanJson(text) },
  }
}
const sent = ({ raw }: Call<'chat'>) => (raw.kind === 'json' ? new TextDecoder().decode(raw.bytes) : '')

test('a limit is set where there is none, and every other byte stays', () => {
  const call = capped(chat('{ "model": "m",  "n": 1.0 }'), 50)
  expect(sent(call)).toBe('{ "model": "m",  "n": 1.0,"max_completion_tokens":50 }')
  expect(call.request.max_completion_tokens).toBe(50)
  expect(call.adapted).toEqual(['max_completion_tokens=capped'])
})

test.each([
  ['{"max_tokens":51}', '{"max_tokens":50}'],
  ['{"max_tokens":null}', '{"max_tokens":null,"max_completion_tokens":50}'],
  ['{"max_tokens":"many"}', '{"max_tokens":50}'],
  ['{"max_tokens":60,"max_completion_tokens":70}', '{"max_tokens":50,"max_completion_tokens":50}'],
  ['{"max_tokens":60,"max_completion_tokens":7}', '{"max_tokens":50,"max_completion_tokens":7}'],
])('%s becomes %s', (before, after) => {
  expect(sent(capped(chat(before), 50))).toBe(after)
})

test('who asks for less, or is not capped, is left alone', () => {
  const less = chat('{"max_tokens":50}')
  expect(capped(less, 50)).toBe(less)
  expect(capped(less, undefined)).toBe(less)
})
