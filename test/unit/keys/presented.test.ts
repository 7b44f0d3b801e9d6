import { describe, expect, test } from 'vitest'
import { broughtKeys } from '../../../src/keys/presented.ts'
import { createStrangers } from '../../../src/keys/strangers.ts'

describe('provider keys that a request brings', () => {
  const brought = (headers: Record<string, string>) => broughtKeys(new Headers(headers))

  test('by provider, several in one header, the named one over the provider-specific', () => {
    expect(brought({})).toEqual({})
    expect(brought({ 'x-openai-api-key': 'a', 'x-goog-api-key': 'b' })).toEqual({ openai: 'a', gemini: 'b' })
    expect(brought({ 'x-gateway-provider-key': 'groq:k:1, openai:named', 'x-openai-api-key': 'a' })).toEqual({
      groq: 'k:1',
      openai: 'named',
    })
  })

  test.each([
    'sk-canary',
    ':sk-canary',
    'openai:',
    'OpenAI:sk-canary',
    'openai:sk canary',
    '__proto__:sk-canary',
  ])('%j is refused without a word of it', (value) => {
    const refusal = () => brought({ 'x-gateway-provider-key': value })
    expect(refusal).toThrow(expect.objectContaining({ code: 'invalid_header' }))
    expect(refusal).not.toThrow(/canary/)
  })
})

describe('strangers', () => {
  test('twenty wrong keys hold up an address until ten seconds after the first', () => {
    let now = 0
    const strangers = createStrangers({ now: () => now })
    for (let i = 0; i < 19; i++) strangers.failed('a')
    expect(strangers.waitMs('a')).toBeUndefined()
    now = 4_000
    strangers.failed('a')
    expect([strangers.waitMs('a'), strangers.waitMs('b')]).toEqual([6_000, undefined])
    now = 10_000
    expect(strangers.waitMs('a')).toBeUndefined()
    strangers.failed('a')
    expect(strangers.waitMs('a')).toBeUndefined()
  })

  test('many addresses are forgotten, the oldest first', () => {
    const strangers = createStrangers({ now: () => 0 })
    for (let i = 0; i < 20; i++) strangers.failed('first')
    for (let i = 0; i < 2_000; i++) strangers.failed(`address ${i}`)
    expect(strangers.waitMs('first')).toBeUndefined()
  })
})
