import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'
import { createRegistry } from '../../../src/config/registry.ts'
import { configuredTargets, settingsOf } from '../../../src/gateway/watch/watch.ts'

const ENV = { OPENAI_API_KEY: 'sk-a', GEMINI_API_KEY: 'AIza' }
const NOW = Date.UTC(2026, 10, 1)
function settings(file: unknown, env: Record<string, string> = ENV, stored?: ReadonlyMap<string, string>) {
  const config = loadConfig(file, env)
  return settingsOf(config, createRegistry(config, env, stored), NOW)
}

describe('what an operator is shown, seen or not', () => {
  const shown = (file: unknown, env: Record<string, string> = ENV) => {
    const config = loadConfig(file, env)
    const { targets, keysOf } = configuredTargets(config, createRegistry(config, env), NOW)
    return Object.fromEntries(targets.map((id) => [id, keysOf(id)]))
  }

  it('names every provider that has a key, where every catalog model is a route', () => {
    expect(shown({})).toEqual({ 'openai/*': ['OPENAI_API_KEY'], 'gemini/*': ['GEMINI_API_KEY'] })
    expect(shown({}, { OPENAI_API_KEY: 'sk-a' })).toEqual({ 'openai/*': ['OPENAI_API_KEY'] })
  })
  it('names the targets of every route, and the models that a provider lists', () => {
    const file = {
      providers: {
        openai: { credentials: [{ secret: 'OPENAI_API_KEY' }, { secret: 'OPENAI_SPARE' }] },
        groq: { baseUrl: 'https://api.groq.com/v1', models: ['llama'] },
      },
      routes: { fast: { targets: [{ model: 'gpt-4o-mini' }, { model: 'gemini-2.5-flash' }] } },
    }
    const keys = ['OPENAI_API_KEY', 'OPENAI_SPARE']
    expect(shown(file, { OPENAI_API_KEY: 'sk-a', OPENAI_SPARE: 'sk-b' })).toEqual({
      'openai/gpt-4o-mini': keys,
      'gemini/gemini-2.5-flash': [],
      'groq/llama': [],
      'openai/*': keys,
      'groq/*': [],
    })
  })
})

describe('what the health object goes by', () => {
  it('checks every credential, a stored one too, and whether a provider without one answers', () => {
    const file = { providers: { groq: { baseUrl: 'https://api.groq.com/v1', models: ['llama'] } } }
    expect(settings(file, { OPENAI_API_KEY: 'sk-a' }).checks).toEqual([
      { provider: 'openai', credential: 'OPENAI_API_KEY' },
      { provider: 'gemini', credential: undefined },
      { provider: 'groq', credential: undefined },
    ])
    expect(settings(file, ENV, new Map([['STORED_KEY_GROQ', 'gsk']])).checks).toContainEqual({
      provider: 'groq',
      credential: 'STORED_KEY_GROQ',
    })
  })

  it('knows who can stand in for whom: the targets of one route, of each of its routes', () => {
    const targets = (...models: string[]) => ({ targets: models.map((model) => ({ model })) })
    const { peers } = settings({
      routes: { a: targets('gpt-4o', 'gemini-2.5-pro'), b: targets('gpt-4o', 'gpt-4o-mini') },
    })
    expect(peers['openai/gpt-4o']).toEqual(['gemini/gemini-2.5-pro', 'openai/gpt-4o-mini'])
    expect(peers['gemini/gemini-2.5-pro']).toEqual(['openai/gpt-4o'])
    expect(peers['openai/gpt-4.1']).toBeUndefined()
  })

  it('counts the catalog’s equivalents where they are switched on, and nobody where they are not', () => {
    expect(settings({}).peers).toEqual({})
    const { peers } = settings({ failover: 'equivalents' })
    expect(peers['openai/gpt-4o-mini']?.some((id) => id.startsWith('gemini/'))).toBe(true)
  })

  it('hands the spill floors on', () => {
    const spill = { floorPerS: 50, targets: { 'gemini/gemini-2.5-pro': 200 } }
    expect(settings({ spill }).spill).toEqual(spill)
    expect(settings({}).spill).toEqual({ targets: {} })
  })
})
