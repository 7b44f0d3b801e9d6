import compiled from '../build/gateway.json' with { type: 'json' }
import { CONFIG_NAME } from './config-object.ts'
import { readDeployment } from './config/environment.ts'
import { inForce } from './config/in-force.ts'
import { loadConfig } from './config/load.ts'
import type { ConfigObject } from './config/ports.ts'
import { createRegistry, type StoredKeys } from './config/registry.ts'
import type { Config } from './config/schema.ts'
import { createCheck } from './gateway/watch/check.ts'
import { settingsOf } from './gateway/watch/watch.ts'
import type { RegistryPorts, Watch } from './health/ports.ts'
import { HealthRegistryShell } from './health/registry.ts'
import { apis } from './providers/index.ts'
import { complain } from './report.ts'

/** The composition root of the health object. One per deployment, called `HEALTH_NAME`. */
export class HealthRegistry extends HealthRegistryShell<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(
      ctx,
      env,
      watchPorts({ ...env }, () => env.CONFIG.getByName(CONFIG_NAME)),
    )
  }
}

export const HEALTH_NAME = 'health'

/** What is watched: by the file and the environment, until the runtime configuration has been asked. */
export function watchPorts(
  variables: Readonly<Record<string, unknown>>,
  object: () => Pick<ConfigObject, 'read'>,
): RegistryPorts {
  const deployed = { file: compiled, variables, complain }
  let revision: number | undefined
  const watchOf = (config: Config, stored?: StoredKeys): Watch => {
    const registry = createRegistry(config, variables, stored)
    return {
      settings: settingsOf(config, registry, Date.now()),
      check: createCheck({ registry, apis, fetch: (request) => fetch(request) }),
    }
  }
  return {
    watch: watchOf(loadConfig(compiled, variables)),
    async renewed() {
      if (!readDeployment(variables).runtimeConfig) return undefined
      const snapshot = await object().read(revision)
      if (snapshot === undefined) return undefined
      const { config, stored } = await inForce(deployed, snapshot)
      revision = snapshot.revision
      return watchOf(config, stored)
    },
  }
}
