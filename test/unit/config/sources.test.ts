import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Change, diff } from '../../../src/config/diff.ts'
import { checkRuntime, loadConfig } from '../../../src/config/load.ts'
import { createRegistry, holdsKeys } from '../../../src/config/registry.ts'
import {
  defaults,
  environmentSource,
  fileSource,
  layered,
  runtimeSource,
} from '../../../src/config/sources.ts'

const route = (model: string) => ({ targets: [{ model }] })

describe('the four sources', () => {
  it('lie over each other in their order', () => {
    const env = { GATEWAY_ADAPTATION: 'strict', GATEWAY_LIFECYCLE: 'follow' }
    const sources = [
      defaults,
      fileSource({ lifecycle: 'refuse', strategy: 'cost', timeouts: { stallMs: 5 } }),
      environmentSource(env),
      runtimeSource({ lifecycle: 'as-is', timeouts: { commitMs: 7 } }),
    ]
    expect(sources.map(({ name }) => name)).toEqual(['defaults', 'file', 'environment', 'runtime'])
    expect(layered(sources)).toMatchObject({
      failover: 'off',
      strategy: 'cost',
      adaptation: 'strict',
      lifecycle: 'as-is',
      timeouts: { stallMs: 5, commitMs: 7, keepAliveMs: 10_000 },
    })
  })

  it('a null takes out what a layer below says', () => {
    const file = { strategy: 'cost', routes: { a: route('gpt-4o'), b: route('gpt-4o') } }
    const checked = checkRuntime({ strategy: null, routes: { a: null } }, file, {})
    expect(checked).toMatchObject({ ok: true, config: { strategy: 'priority' } })
    expect(checked.ok && Object.keys(checked.config.routes)).toEqual(['b'])
  })

  it('no name of a member reaches the prototype', () => {
    layered([
      fileSource(JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')),
    ])
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})

describe('base URLs', () => {
  const own = (baseUrl: string) => ({ providers: { own: { baseUrl } } })
  it.each([
    'http://api.groq.dev/v1',
    'https://127.0.0.1/v1',
    'https://2130706433/v1',
    'https://[::1]/v1',
    'https://router.internal/v1',
    'https://localhost/v1',
    'https://api.groq.dev:8443/v1',
    'https://user:pass@api.groq.dev/v1',
    'https://api.groq.dev/v1?key=1',
  ])('%s is refused in every layer', (baseUrl) => {
    expect(() => loadConfig(own(baseUrl), {})).toThrow('providers.own.baseUrl')
    expect(checkRuntime(own(baseUrl), {}, {})).toMatchObject({ ok: false })
  })
  it('is accepted where the file or the environment names the host', () => {
    const url = 'http://localhost:9000/v1'
    expect(loadConfig({ ...own(url), upstreamAllowHosts: ['localhost:9000'] }, {})).toBeTruthy()
    expect(checkRuntime(own(url), {}, { UPSTREAM_ALLOW_HOSTS: 'localhost:9000' }).ok).toBe(true)
    expect(loadConfig({}, { OPENAI_BASE_URL: url })).toBeTruthy()
    expect(
      loadConfig({ upstreamAllowHosts: ['a.internal'] }, { OPENAI_BASE_URL: url }).upstreamAllowHosts,
    ).toEqual(['a.internal'])
  })
})

describe('secrets', () => {
  const file = {
    providers: { groq: { baseUrl: 'https://api.groq.dev/v1', credentials: [{ secret: 'GROQ_KEY' }] } },
  }
  const providers = (baseUrl: string, ...secrets: string[]) => ({
    providers: { other: { baseUrl, credentials: secrets.map((secret) => ({ secret })) } },
  })
  it('that the deployment sends to one origin are not sent to another', () => {
    expect(checkRuntime(providers('https://evil.dev/v1', 'GROQ_KEY'), file, {})).toMatchObject({
      problems: [{ path: ['providers', 'other', 'credentials'] }],
    })
    expect(checkRuntime(providers('https://api.groq.dev/v2', 'GROQ_KEY'), file, {}).ok).toBe(true)
    expect(checkRuntime(providers('https://new.dev/v1', 'NEW_KEY'), file, {}).ok).toBe(true)
  })
  it.each(['GATEWAY_SECRET', 'GATEWAY_KEYS', 'ADMIN_SECRET', 'CLOUDFLARE_API_TOKEN', 'STORED_KEY_GROQ'])(
    '%s is no key of a provider',
    (secret) => expect(checkRuntime(providers('https://new.dev/v1', secret), file, {}).ok).toBe(false),
  )
  it('given through the admin API are a credential of their provider only, whatever the environment says', () => {
    const own = { providers: { 'my-llm': { baseUrl: 'https://my.dev/v1' } } }
    const checked = checkRuntime(own, {}, {})
    if (!checked.ok) throw new Error('refused')
    const none = createRegistry(checked.config, { STORED_KEY_MY_LLM: 'from the environment' })
    expect(holdsKeys(none)).toBe(false)
    const kept = createRegistry(checked.config, {}, new Map([['STORED_KEY_MY_LLM', 'k']]))
    expect(kept.providers.get('my-llm')?.credentials).toEqual([{ name: 'STORED_KEY_MY_LLM', weight: 1 }])
    expect(kept.secret('STORED_KEY_MY_LLM')).toBe('k')
  })
})

describe('where the books lie', () => {
  it.each([
    [{ usage: { shards: 3 } }, 'shards'],
    [{ usage: { shards: 16 } }, 'shards'],
    [{ usage: { spread: 1 } }, 'spread'],
    [{ usage: { spread: null } }, 'spread'],
    [{ usage: null }, 'shards'],
  ])('is not for a runtime change to say, nor for a rollback to undo: %j', (document, name) => {
    const file = { usage: { shards: 8, spread: 2 } }
    const checked = checkRuntime(document, file, {})
    expect(!checked.ok && checked.problems[0]?.path).toEqual(['usage', name])
  })
  it('leaves the rest of it free', () => {
    const file = { usage: { shards: 8, logShare: 1 } }
    expect(checkRuntime({ usage: { logShare: 0, shards: 8 } }, file, {})).toMatchObject({
      ok: true,
      config: { usage: { logShare: 0, shards: 8 } },
    })
  })
})

describe('the difference between two documents', () => {
  it('is a list of changes by path', () => {
    const changes = diff(
      { a: 1, b: { 'x/y': [1], same: [{ z: 1 }] }, c: 1 },
      { a: 2, b: { 'x/y': [1, 2], same: [{ z: 1 }] }, d: {} },
    )
    expect(changes).toEqual([
      { op: 'replace', path: '/a', value: 2, old: 1 },
      { op: 'replace', path: '/b/x~1y', value: [1, 2], old: [1] },
      { op: 'remove', path: '/c', old: 1 },
      { op: 'add', path: '/d', value: {} },
    ])
  })
  it('applied to the one gives the other', () => {
    const document = fc.dictionary(fc.string(), fc.jsonValue({ depthSize: 'small' }), {
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(document, document, (from, to) => {
        expect(apply(from, diff(from, to))).toEqual(to)
        expect(diff(to, to)).toEqual([])
      }),
      { numRuns: 200 },
    )
  })
})

function apply(document: unknown, changes: readonly Change[]): unknown {
  return changes.reduce((value, change) => {
    const keys = change.path.split('/').slice(1)
    return applied(
      value,
      keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')),
      change,
    )
  }, document)
}

function applied(value: unknown, [key, ...rest]: readonly string[], change: Change): unknown {
  if (key === undefined) return 'value' in change ? change.value : undefined
  const members = new Map(Object.entries(value as object))
  if (rest.length === 0 && change.op === 'remove') members.delete(key)
  else members.set(key, applied(members.get(key), rest, change))
  return Object.fromEntries(members)
}
