import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../../scripts/compile-config.ts'
import { readDeployment } from '../../../src/config/environment.ts'
import { createRegistry } from '../../../src/config/registry.ts'
import { loadConfig } from '../../../src/config/load.ts'

describe('configuration', () => {
  it('layers the environment over the file over the defaults', () => {
    const config = loadConfig(
      { lifecycle: 'follow', media: { maxBytes: 5 } },
      { GATEWAY_ADAPTATION: 'strict', FETCH_ALLOW_HOSTS: 'a.dev, b.dev' },
    )
    expect(config).toMatchObject({
      lifecycle: 'follow',
      adaptation: 'strict',
      media: { maxBytes: 5, timeoutMs: 10_000, allowHosts: ['a.dev', 'b.dev'] },
    })
  })
  it('refuses a bad value from either with its path', () => {
    expect(() => loadConfig({ timeouts: { stallMs: -1 } }, {})).toThrow('timeouts.stallMs')
    expect(() => loadConfig({}, { GATEWAY_LIFECYCLE: 'sometimes' })).toThrow('lifecycle')
    expect(() => loadConfig({ tiemouts: {} }, {})).toThrow('tiemouts')
  })
  it('names line and path of what is wrong in gateway.yaml', () => {
    expect(() => compileConfig('lifecycle: as-is\ntimeouts:\n  stallMs: soon\n')).toThrow(
      /gateway\.yaml:3: timeouts\.stallMs/,
    )
    expect(() => compileConfig('lifecycle: [')).toThrow(/gateway\.yaml:1/)
    expect(() => compileConfig('a: 1\nlifecycle: as-is\n')).toThrow(/gateway\.yaml:1.*"a"/)
    const misspelled = 'lifecycle: as-is\ntimeouts:\n  stallMs: 9\n  stallMS:\n    9\nroute:\n  a: 1\n'
    expect(() => compileConfig(misspelled)).toThrow(
      /gateway\.yaml:4: timeouts\.stallMS: .*\n.*yaml:6: route: /,
    )
    expect(() =>
      compileConfig('routes:\n  a:\n    targets:\n      - model: gpt-4o\n      - model: x-9\n'),
    ).toThrow(/gateway\.yaml:5: routes\.a\.targets\.1\.model: /)
    expect(() => compileConfig('routes:\n  a:\n    sticky: true\n')).toThrow(
      /gateway\.yaml:2: routes\.a\.targets: /,
    )
    expect(() => compileConfig('cors:\n  - a\n')).toThrow(/gateway\.yaml:1: cors: /)
    expect(JSON.parse(compileConfig('# nothing\n'))).toEqual({})
  })
})

describe('the environment', () => {
  it('has the real providers as the default, and trims', () => {
    const env = { OPENAI_BASE_URL: 'https://proxy.dev/v1/ ', OPENAI_API_KEY: ' k ', GATEWAY_KEYS: 'a, b,,' }
    const { providers, secret } = createRegistry(loadConfig({}, env), env)
    expect(providers.get('openai')).toMatchObject({
      baseUrl: 'https://proxy.dev/v1',
      credentials: [{ name: 'OPENAI_API_KEY', weight: 1 }],
    })
    expect(providers.get('gemini')).toMatchObject({
      baseUrl: 'https://generativelanguage.googleapis.com',
      credentials: [],
    })
    expect(secret('OPENAI_API_KEY')).toBe('k')
    expect(readDeployment(env).gatewayKeys).toEqual(['a', 'b'])
  })
  it('refuses a short secret and a bad URL, by name and never by value', () => {
    expect(() => readDeployment({ GATEWAY_SECRET: 'hunter2' })).toThrow(/^(?!.*hunter2).*GATEWAY_SECRET/)
    expect(() => loadConfig({}, { GEMINI_BASE_URL: 'ftp://hunter2' })).toThrow(
      /^(?![^]*hunter2)[^]*providers\.gemini\.baseUrl/,
    )
  })
})

describe('routes and providers', () => {
  const own = {
    providers: {
      groq: {
        baseUrl: 'https://api.groq.dev/v1',
        credentials: [{ secret: 'GROQ_KEY' }],
        models: ['llama-9'],
      },
    },
  }
  it.each([
    [
      'an unknown model',
      { routes: { fast: { targets: [{ model: 'nobody-9' }] } } },
      'routes.fast.targets.0.model',
    ],
    [
      'a model that its provider does not have',
      { routes: { fast: { targets: [{ provider: 'openai', model: 'nobody-9' }, { model: 'gpt-4o' }] } } },
      "routes.fast.targets.0.model: the provider 'openai' has no model 'nobody-9'",
    ],
    [
      'a route that leads to a route',
      { routes: { a: { targets: [{ model: 'b' }] }, b: { targets: [{ model: 'a' }] } } },
      'a route cannot lead to a route',
    ],
    [
      'an unknown provider',
      { routes: { a: { targets: [{ provider: 'nope', model: 'x' }] } } },
      'routes.a.targets.0.provider',
    ],
    [
      'an unknown credential',
      { routes: { a: { targets: [{ model: 'gpt-4o', credential: 'NOPE' }] } } },
      'routes.a.targets.0.credential',
    ],
    [
      'weight zero everywhere',
      { routes: { a: { targets: [{ model: 'gpt-4o', weight: 0 }] } } },
      'routes.a.targets: every weight is zero',
    ],
    ['no targets', { routes: { a: { targets: [] } } }, 'routes.a.targets'],
    [
      'a floor for no target',
      { spill: { targets: { 'groq/llama': 5 } } },
      'spill.targets.groq/llama: is not a target',
    ],
    [
      'a provider without a base URL',
      { providers: { groq: { credentials: [{ secret: 'K' }] } } },
      'providers.groq',
    ],
  ])('%s is refused with its path', (_, file, path) => {
    expect(() => loadConfig(file, {})).toThrow(path)
  })
  it('knows the provider of a model by its list, its prefix, or the catalog', () => {
    const file = {
      ...own,
      routes: {
        fast: {
          targets: [
            { model: 'llama-9' },
            { provider: 'groq', model: 'other', credential: 'GROQ_KEY' },
            { model: 'gpt-4o' },
          ],
        },
      },
    }
    expect(loadConfig(file, {}).routes['fast']?.targets).toHaveLength(3)
  })
})
