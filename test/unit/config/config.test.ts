import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../../scripts/compile-config.ts'
import { readDeployment } from '../../../src/config/environment.ts'
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
    expect(JSON.parse(compileConfig('# nothing\n'))).toEqual({})
  })
})

describe('the environment', () => {
  it('has the real providers as the default, and trims', () => {
    const { providers, gatewayKeys } = readDeployment({
      OPENAI_BASE_URL: 'https://proxy.dev/v1/ ',
      OPENAI_API_KEY: ' k ',
      GATEWAY_KEYS: 'a, b,,',
    })
    expect(providers.openai).toEqual({ baseUrl: 'https://proxy.dev/v1', apiKey: 'k' })
    expect(providers.gemini).toEqual({
      baseUrl: 'https://generativelanguage.googleapis.com',
      apiKey: undefined,
    })
    expect(gatewayKeys).toEqual(['a', 'b'])
  })
  it('refuses a short secret and a bad URL, by name and never by value', () => {
    expect(() => readDeployment({ GATEWAY_SECRET: 'hunter2' })).toThrow(/^(?!.*hunter2).*GATEWAY_SECRET/)
    expect(() => readDeployment({ GEMINI_BASE_URL: 'ftp://hunter2' })).toThrow(
      /^(?!.*hunter2).*GEMINI_BASE_URL/,
    )
  })
})
