import { type Environment, variable } from './environment.ts'
import { checkRuntime, describeProblems } from './load.ts'
import type { Snapshot } from './ports.ts'
import { type StoredKeys, storedKeyName } from './registry.ts'
import { originOf } from './runtime-rules.ts'
import type { Config } from './schema.ts'
import { openKey } from './sealed-key.ts'

/** A deployment's own part of its configuration. */
export interface Deployed {
  /** `gateway.yaml`, compiled. */
  readonly file: unknown
  readonly variables: Environment
  /** Something is wrong that is no request's fault. */
  readonly complain: (message: string) => void
}

/** The configuration with the runtime layer on top, and the keys kept there. Throws if this code cannot use it. */
export async function inForce(
  { file, variables, complain }: Deployed,
  snapshot: Snapshot,
): Promise<{ readonly config: Config; readonly stored: StoredKeys }> {
  const checked = checkRuntime(JSON.parse(snapshot.document), file, variables)
  if (!checked.ok) throw new Error(describeProblems(checked.problems))
  const secret = variable(variables, 'GATEWAY_SECRET')
  return { config: checked.config, stored: await openKeys(checked.config, secret, snapshot, complain) }
}

/** Those keys that are for the origin that their provider has now; the others are left out, loudly. */
async function openKeys(
  config: Config,
  gatewaySecret: string | undefined,
  { keys }: Snapshot,
  complain: Deployed['complain'],
): Promise<StoredKeys> {
  const stored = new Map<string, string>()
  for (const sealed of keys) {
    const owner = { provider: sealed.provider, origin: originOf(config, sealed.provider) }
    const key = gatewaySecret === undefined ? undefined : await openKey(gatewaySecret, owner, sealed)
    if (key !== undefined) stored.set(storedKeyName(sealed.provider), key)
    else complain(`The stored key of '${sealed.provider}' is for another origin or GATEWAY_SECRET.`)
  }
  return stored
}
