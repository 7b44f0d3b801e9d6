import compiled from '../build/gateway.json' with { type: 'json' }
import { checkRuntime } from './config/load.ts'
import { ConfigStoreShell } from './config/store.ts'

/** The composition root of the configuration object. One per deployment, called `CONFIG_NAME`. */
export class ConfigStore extends ConfigStoreShell<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    const variables: Readonly<Record<string, unknown>> = { ...env }
    super(ctx, env, {
      check: (document) => checkRuntime(document, compiled, variables),
      now: () => Date.now(),
    })
  }
}

export const CONFIG_NAME = 'config'
