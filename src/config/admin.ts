import { type Checked, checkRuntime } from './load.ts'
import type { Environment } from './environment.ts'
import type { Author, ConfigObject, Snapshot, Written } from './ports.ts'
import { providerNames, secretsOf, storedKeyName } from './registry.ts'
import { originOf } from './runtime-rules.ts'
import { sealKey, type SealedKey } from './sealed-key.ts'

export interface AdminPorts {
  readonly object: () => ConfigObject
  readonly variables: Environment
  readonly file: unknown
  /** Undefined: keys cannot be kept here. */
  readonly gatewaySecret: string | undefined
  /** Tells this isolate's own copy. */
  readonly changed: () => void
}
/** What may be shown of a stored key. */
export interface KeyView extends Pick<SealedKey, 'provider' | 'origin' | 'last4' | 'fingerprint'> {
  /** Whether it is one of the provider's credentials, and still for the origin that the provider has. */
  readonly used: boolean
}
export type KeyPut =
  | { readonly kind: 'kept'; readonly key: KeyView }
  | { readonly kind: 'no-secret' }
  | { readonly kind: 'unknown' }

/** What the admin API does with the runtime configuration. */
export interface ConfigAdmin extends Pick<
  ConfigObject,
  'versions' | 'version' | 'audit' | 'put' | 'rollback' | 'removeKey' | 'purge'
> {
  current(): Promise<Snapshot & { readonly checked: Checked; readonly views: readonly KeyView[] }>
  putKey(provider: string, key: string, author: Author): Promise<KeyPut>
}

export function createConfigAdmin({
  object,
  variables,
  file,
  gatewaySecret,
  changed,
}: AdminPorts): ConfigAdmin {
  async function current(): ReturnType<ConfigAdmin['current']> {
    const snapshot = await object().read(undefined)
    if (snapshot === undefined) throw new Error('The configuration object had nothing to say.')
    const checked = checkRuntime(JSON.parse(snapshot.document), file, variables)
    return { ...snapshot, checked, views: snapshot.keys.map((key) => viewOf(key, checked)) }
  }
  async function told<T>(work: Promise<T>): Promise<T> {
    const result = await work
    changed()
    return result
  }
  return {
    current,
    versions: (before, limit) => object().versions(before, limit),
    version: (number) => object().version(number),
    audit: (before, limit) => object().audit(before, limit),
    put: (document, author): Promise<Written> => told(object().put(document, author)),
    rollback: (version, author): Promise<Written> => told(object().rollback(version, author)),
    removeKey: (provider, author): Promise<boolean> => told(object().removeKey(provider, author)),
    purge: (purge, author): Promise<Written> => told(object().purge(purge, author)),
    async putKey(provider, key, author) {
      if (gatewaySecret === undefined) return { kind: 'no-secret' }
      const { checked } = await current()
      if (!checked.ok || !providerNames(checked.config).has(provider)) return { kind: 'unknown' }
      const sealed = await sealKey(
        gatewaySecret,
        { provider, origin: originOf(checked.config, provider) },
        key,
      )
      await told(object().putKey(sealed, author))
      return { kind: 'kept', key: viewOf(sealed, checked) }
    },
  }
}

function viewOf({ provider, origin, last4, fingerprint }: SealedKey, checked: Checked): KeyView {
  const used =
    checked.ok &&
    originOf(checked.config, provider) === origin &&
    secretsOf(checked.config, provider).some(({ secret }) => secret === storedKeyName(provider))
  return { provider, origin, last4, fingerprint, used }
}
