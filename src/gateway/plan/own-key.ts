import type { KeyMode } from '../../config/schema.ts'
import { GatewayError } from '../../errors.ts'
import { resolve } from './candidates.ts'
import type { Ports, Scope } from '../types.ts'

/**
 * The scope with the key that the caller brought for the provider which the model belongs to, where the deployment
 * lets callers bring one. Throws `invalid_api_key` where the provider is for callers with keys of their own only.
 */
export function withOwnKey(ports: Ports, model: string, scope: Scope): Scope {
  const { brought } = scope.principal
  if (brought === undefined) return scope
  const { config, registry, timers } = ports
  const [first] = resolve(model, {
    config,
    registry,
    mode: scope.lifecycle,
    now: timers.now(),
    capability: undefined,
    ownKey: true,
  }).targets
  const provider = first?.target.provider ?? ''
  const own = Object.hasOwn(brought, provider) ? brought[provider] : undefined
  const mode: KeyMode | undefined = config.providers[provider]?.keyMode ?? config.keyMode
  if (mode !== undefined && mode !== 'gateway' && own !== undefined)
    return { ...scope, principal: { ...scope.principal, credential: own } }
  if (mode === 'client' && scope.principal.credential === undefined) throw noOwnKey(provider)
  return scope
}

function noOwnKey(provider: string): GatewayError {
  return new GatewayError(
    'invalid_api_key',
    `You did not provide a key for '${provider}'. Send it as \`x-gateway-provider-key: ${provider}:KEY\`.`,
    { headers: { 'www-authenticate': 'Bearer' }, retry: false },
  )
}
