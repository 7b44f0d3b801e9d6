import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cacheableOf } from '../../../src/cache/cacheable.ts'
import { cacheKey, canonicalRequest, type KeyMacs } from '../../../src/cache/key.ts'
import { generations } from '../../../src/cache/cache.ts'
import type { Identity } from '../../../src/cache/ports.ts'
import type { ChatRequest } from '../../../src/protocol/chat.ts'
import { deriveHmacKey } from '../../../src/keys/secrets.ts'

const SECRET = 'a-secret-of-the-tests-0123456789abcdef'
const macs: KeyMacs = {
  identity: await deriveHmacKey(SECRET, 'cache-identity'),
  name: await deriveHmacKey(SECRET, 'cache-name'),
}
type Json = Record<string, unknown>

/** What the gateway does with the text of a chat request. */
function canonical(text: string, ownDefaults = true): string {
  const request = JSON.parse(text) as ChatRequest
  return canonicalRequest(request, cacheableOf('chat')!.meaning(request, ownDefaults), text)
}
const identity = (more: Partial<Identity> = {}): Identity => ({
  tenant: 'key_a',
  endpoint: 'chat',
  form: 'any',
  route: ['fast', 'priority', '', 'lenient', 'openai/gpt-4o-mini 0 openai https://api.openai.com/v1'],
  generation: '0.0.0',
  canonical: canonical(JSON.stringify(BASE)),
  ...more,
})
const nameOf = async (of: Identity, under = macs): Promise<string> => (await cacheKey(under, of, 1)).name

const PNG = btoa(Array.from({ length: 60 }, (_, i) => String.fromCharCode(i)).join(''))
const BASE: Json = {
  model: 'gpt-4o-mini',
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Look' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } },
      ],
    },
  ],
  temperature: 0.2,
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }],
}

/** A text of the same JSON: members shuffled at every level, white space, characters escaped. */
function respelt(value: unknown, pick: (below: number) => number): string {
  const space = () => ['', ' ', '\n', '\t  '][pick(4)]
  if (Array.isArray(value))
    return `[${space()}${value.map((each) => respelt(each, pick)).join(`${space()},`)}]`
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .map((member) => ({ member, at: pick(1_000) }))
      .sort((a, b) => a.at - b.at)
      .map(
        ({ member: [name, inner] }) => `${respelt(name, pick)}${space()}:${space()}${respelt(inner, pick)}`,
      )
    return `{${members.join(`,${space()}`)}${space()}}`
  }
  if (typeof value !== 'string') return JSON.stringify(value)
  const plain = /^[a-z_ ]*$/.test(value)
  const escaped = JSON.stringify(value).replaceAll(/[a-z]/g, (letter) =>
    plain && pick(9) === 0 ? `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}` : letter,
  )
  return escaped
}

/** Numbers that a double holds; the others have a test of their own. */
const json = fc.jsonValue({ maxDepth: 3 }).filter((value) => isExact(value)) as fc.Arbitrary<unknown>
const requests = fc
  .record({ extra: fc.dictionary(fc.stringMatching(/^[a-z_]{3,9}$/), json, { maxKeys: 4 }), seed: fc.nat() })
  .map(({ extra, seed }): Json => ({
    ...BASE,
    ...extra,
    model: BASE['model'],
    messages: BASE['messages'],
    seed,
  }))
const picks = fc
  .infiniteStream(fc.nat())
  .map((stream) => (below: number) => Number(stream.next().value) % below)

describe('two requests share a key', () => {
  it('whatever the order of members, white space and escapes', () => {
    fc.assert(
      fc.property(requests, picks, (request, pick) => {
        const text = respelt(request, pick)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(request)))
        expect(canonical(text)).toBe(canonical(JSON.stringify(request)))
      }),
      { numRuns: 200 },
    )
  })

  const DEFAULTS: readonly Json[] = [
    { n: 1 },
    { stream: true, stream_options: { include_usage: true } },
    { stream: false },
    { stop: null, seed: null, max_tokens: null, logit_bias: null, response_format: null },
    { response_format: { type: 'text' } },
    { presence_penalty: 0, frequency_penalty: 0.0 },
    { tool_choice: 'auto', parallel_tool_calls: true },
    { top_p: 1, service_tier: 'auto' },
    { store: false, metadata: { a: 'b' } },
    { user: 'u1', safety_identifier: 's', prompt_cache_key: 'k', prompt_cache_retention: '24h' },
    { logprobs: false, modalities: ['text'] },
  ]
  it.each(DEFAULTS)('with %j written out, or not', (more) => {
    expect(canonical(JSON.stringify({ ...BASE, ...more }))).toBe(canonical(JSON.stringify(BASE)))
  })

  it('with 1 or 1.0', () => {
    expect(canonical('{"model":"m","messages":[],"seed":1.0}')).toBe(
      canonical('{"seed":1,"model":"m","messages":[]}'),
    )
  })
})

describe('two requests differ', () => {
  const [first] = BASE['messages'] as Json[]
  const CHANGES: readonly Json[] = [
    { model: 'gpt-4o' },
    { messages: [first] },
    { messages: [{ ...first, role: 'developer' }, (BASE['messages'] as Json[])[1]] },
    { messages: [...(BASE['messages'] as Json[])].reverse() },
    { temperature: 0.3 },
    { temperature: 1 },
    { top_p: 0.9 },
    { n: 2 },
    { max_tokens: 5 },
    { max_completion_tokens: 5 },
    { stop: ['x'] },
    { seed: 1 },
    { tools: [] },
    { tool_choice: 'none' },
    { parallel_tool_calls: false },
    { response_format: { type: 'json_object' } },
    { reasoning_effort: 'low' },
    { service_tier: 'flex' },
    { store: true },
    { logit_bias: { 5: 1 } },
    { web_search_options: {} },
    { a_field_of_tomorrow: null },
    { a_field_of_tomorrow: 'x' },
  ]
  it.each(CHANGES)('with %j', (more) => {
    expect(canonical(JSON.stringify({ ...BASE, ...more }))).not.toBe(canonical(JSON.stringify(BASE)))
  })

  it('by any change of an unknown member', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b) && !(Object.is(a, -0) || Object.is(b, -0)))
        const [one, other] = [a, b].map((x) => canonical(JSON.stringify({ ...BASE, x })))
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
        expect(one === other).toBe(same)
      }),
      { numRuns: 300 },
    )
  })

  it('by any byte of an image', () => {
    const text = JSON.stringify(BASE)
    const at = text.indexOf(PNG)
    for (let i = 0; i < PNG.length; i++) {
      const other = text.slice(0, at + i) + (text[at + i] === 'A' ? 'B' : 'A') + text.slice(at + i + 1)
      expect(canonical(other)).not.toBe(canonical(text))
    }
  })

  it('by the last digit of a number that no double holds', () => {
    const seeded = (seed: string) => canonical(`{"model":"m","messages":[],"seed":${seed}}`)
    expect(seeded('12345678901234567890')).not.toBe(seeded('12345678901234567891'))
    expect(seeded('1e400')).not.toBe(seeded('1e500'))
  })

  it("by another provider's defaults", () => {
    const warm = JSON.stringify({ ...BASE, temperature: 1 })
    const { temperature: _, ...silent } = BASE
    expect(canonical(warm, true)).toBe(canonical(JSON.stringify(silent), true))
    expect(canonical(warm, false)).not.toBe(canonical(JSON.stringify(silent), false))
  })

  it('by metadata once the answer is stored at the provider', () => {
    const stored = (metadata: Json) => canonical(JSON.stringify({ ...BASE, store: true, metadata }))
    expect(stored({ a: '1' })).not.toBe(stored({ a: '2' }))
  })

  const IDENTITIES: readonly Partial<Identity>[] = [
    { tenant: 'key_b' },
    { endpoint: 'completions' },
    { form: 'json' },
    { generation: '0.0.1' },
    { route: [] },
    { route: ['fast', 'priority', '', 'lenient', 'openai/gpt-4o-mini 1 openai https://api.openai.com/v1'] },
    { route: ['fast', 'priority', '', 'strict', 'openai/gpt-4o-mini 0 openai https://api.openai.com/v1'] },
    { canonical: 'x' },
  ]
  it.each(IDENTITIES)('as %j', async (more) => {
    expect(await nameOf(identity(more))).not.toBe(await nameOf(identity()))
  })

  it('where parts only touch', async () => {
    const name = (tenant: string, canonical: string) => nameOf(identity({ tenant, canonical, route: [] }))
    expect(await name('a', 'bc')).not.toBe(await name('ab', 'c'))
    const route = (route: string[]) => nameOf(identity({ route }))
    expect(await route(['a', 'b'])).not.toBe(await route(['a1:b']))
    expect(await route(['ab'])).not.toBe(await route(['a', 'b']))
  })

  it('under another secret', async () => {
    const others = {
      identity: await deriveHmacKey(`${SECRET}!`, 'cache-identity'),
      name: await deriveHmacKey(`${SECRET}!`, 'cache-name'),
    }
    expect(await nameOf(identity(), others)).not.toBe(await nameOf(identity()))
  })
})

it('a generation is raised for everything, a tenant, or a route, by the configuration or since', () => {
  const zero = { everything: 0, tenants: {}, routes: {} }
  const of = (config: object, purges: object = {}) =>
    generations({ ...zero, ...config }, { ...zero, ...purges })('key_a', 'fast')
  const raises = [{ everything: 1 }, { tenants: { key_a: 1 } }, { routes: { fast: 1 } }]
  const raised = [of({}), ...raises.map((raise) => of(raise)), ...raises.map((raise) => of({}, raise))]
  expect(new Set(raised).size).toBe(7)
  expect(of({ tenants: { key_b: 1 }, routes: { slow: 1 } })).toBe(of({}))
  expect(of({ tenants: { constructor: 1 } })).toBe(of({}))
  expect(generations(zero, undefined)('key_a', 'fast')).toBeUndefined()
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return { members: members.map(([name, inner]) => [name, sorted(inner)]) }
}

function isExact(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isExact)
}
