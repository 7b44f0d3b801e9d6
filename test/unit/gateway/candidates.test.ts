import { describe, expect, it } from 'vitest'
import { createRegistry } from '../../../src/config/registry.ts'
import { loadConfig } from '../../../src/config/load.ts'
import { resolve } from '../../../src/gateway/plan/candidates.ts'

const env = { OPENAI_API_KEY: 'a', OPENAI_API_KEY_2: 'b', GEMINI_API_KEY: 'c', GROQ_KEY: 'd' }
function resolved(model: string, file: unknown = {}, ownKey = false) {
  const config = loadConfig(file, env)
  const registry = createRegistry(config, env)
  return resolve(model, {
    config,
    registry,
    mode: 'as-is',
    now: Date.UTC(2026, 10, 24),
    capability: 'chat',
    ownKey,
  })
}
const ids = (model: string, file?: unknown) =>
  resolved(model, file).targets.map(({ target }) => `${target.id}#${target.credential}`)

describe('from a model to its targets', () => {
  it('is the model’s own provider, with each of its keys', () => {
    const file = {
      providers: {
        openai: {
          credentials: [{ secret: 'OPENAI_API_KEY' }, { secret: 'OPENAI_API_KEY_2' }, { secret: 'UNSET' }],
        },
      },
    }
    expect(ids('gpt-4o-mini', file)).toEqual([
      'openai/gpt-4o-mini#OPENAI_API_KEY',
      'openai/gpt-4o-mini#OPENAI_API_KEY_2',
    ])
    expect(ids('gemini/gemini-2.5-flash')).toEqual(['gemini/gemini-2.5-flash#GEMINI_API_KEY'])
  })
  it('is a route’s targets in their order, a pinned key alone', () => {
    const file = {
      routes: {
        fast: {
          targets: [{ model: 'gemini-2.5-flash' }, { model: 'gpt-4o-mini', credential: 'OPENAI_API_KEY' }],
        },
      },
    }
    expect(ids('fast', file)).toEqual([
      'gemini/gemini-2.5-flash#GEMINI_API_KEY',
      'openai/gpt-4o-mini#OPENAI_API_KEY',
    ])
  })
  it('is the other provider’s equivalents behind it, where that is switched on', () => {
    const { targets } = resolved('gpt-4o-mini', { failover: 'equivalents' })
    expect(targets[0]).toMatchObject({ priority: 0, target: { id: 'openai/gpt-4o-mini' } })
    expect(targets[1]).toMatchObject({ priority: 1, target: { provider: 'gemini' } })
  })
  it('is a provider of the operator’s, by list or by prefix', () => {
    const file = {
      providers: {
        groq: {
          baseUrl: 'https://api.groq.dev/v1',
          credentials: [{ secret: 'GROQ_KEY' }],
          models: ['llama-9'],
        },
      },
    }
    expect(ids('llama-9', file)).toEqual(['groq/llama-9#GROQ_KEY'])
    expect(ids('groq/other', file)).toEqual(['groq/other#GROQ_KEY'])
  })
  it('is the caller’s own key where it brought one', () => {
    expect(resolved('gpt-4o-mini', {}, true).targets.map(({ target }) => target.credential)).toEqual([
      'client',
    ])
  })
  it('watches made-up models as one, so that they cannot fill memory', () => {
    const file = {
      providers: {
        groq: {
          baseUrl: 'https://api.groq.dev/v1',
          credentials: [{ secret: 'GROQ_KEY' }],
          models: ['llama-9'],
        },
      },
    }
    const watched = (model: string) => resolved(model, file).targets[0]?.watched.id
    expect([watched('gpt-99-a'), watched('gpt-99-b')]).toEqual(['openai/*', 'openai/*'])
    expect([watched('gpt-4o-mini'), watched('groq/made-up'), watched('groq/llama-9')]).toEqual([
      'openai/gpt-4o-mini',
      'groq/*',
      'groq/llama-9',
    ])
  })
})
