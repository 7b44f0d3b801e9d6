import type { Registry } from '../../config/registry.ts'
import { outcomeOf } from '../../health/check-outcome.ts'
import type { Watch } from '../../health/ports.ts'
import type { Provider } from '../../providers/provider.ts'
import { readFailure } from '../attempt/read-failure.ts'

interface CheckPorts {
  readonly registry: Registry
  readonly apis: Readonly<Record<string, Provider>>
  readonly fetch: (request: Request) => Promise<Response>
}

/** One look at a provider, with a credential or without: throws when nobody answers. */
export function createCheck({ registry, apis, fetch }: CheckPorts): Watch['check'] {
  return async ({ provider: name, credential }, signal) => {
    const entry = registry.providers.get(name)
    const provider = entry && apis[entry.api]
    if (!provider) throw new Error(`No provider is called ${name}.`)
    const secret = credential === undefined ? undefined : registry.secret(credential)
    const headers = secret === undefined ? {} : provider.authorize(secret)
    const request = new Request(entry.baseUrl + provider.checkPath, { headers, redirect: 'manual', signal })
    const response = await fetch(request)
    const authenticated = secret !== undefined
    if (response.ok) {
      await response.body?.cancel()
      return outcomeOf(undefined, authenticated)
    }
    return outcomeOf(await readFailure(response, provider), authenticated)
  }
}
