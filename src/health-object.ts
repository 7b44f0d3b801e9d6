import compiled from '../build/gateway.json' with { type: 'json' }
import { loadConfig } from './config/load.ts'
import { createRegistry, type Registry } from './config/registry.ts'
import { createCheck } from './gateway/check.ts'
import type { RegistryPorts } from './health/ports.ts'
import type { Check } from './health/registry-state.ts'
import { HealthRegistryShell } from './health/registry.ts'
import { apis } from './providers/index.ts'

/** The composition root of the health object. One per deployment, called `HEALTH_NAME`. */
export class HealthRegistry extends HealthRegistryShell<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, portsOf(env))
  }
}

export const HEALTH_NAME = 'health'

function portsOf(env: Env): RegistryPorts {
  const variables: Readonly<Record<string, unknown>> = { ...env }
  const registry = createRegistry(loadConfig(compiled, variables), variables)
  const check = createCheck({ registry, apis, fetch: (request) => fetch(request) })
  return { settings: { checks: checksOf(registry) }, check }
}

/** Every credential; a provider without one is only asked whether it answers. */
function checksOf(registry: Registry): readonly Check[] {
  return [...registry.providers.values()].flatMap(({ name, credentials }): readonly Check[] =>
    credentials.length === 0
      ? [{ provider: name, credential: undefined }]
      : credentials.map((credential) => ({ provider: name, credential: credential.name })),
  )
}
