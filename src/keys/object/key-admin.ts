import { GatewayError } from '../../errors.ts'
import type { KeyEntry, KeyPage } from './key-index.ts'
import { type HashKey, hintOf, isKid, mintKey } from '../key.ts'
import type { KeyUsage } from '../limits/meters.ts'
import {
  type KeyChange,
  keyChangeSchema,
  type NewKey,
  newKeySchema,
  newRecord,
  type ParsedKeyChange,
} from './key-input.ts'
import type { KeyRecord, KeySecret } from '../record.ts'
import type { KeyDescription } from '../limits/sync.ts'

/** What an administrator does with keys; whoever calls has checked that he is one. Throws `ZodError` for bad input. */
export interface KeyAdmin {
  /** The key itself is in this answer and nowhere else. */
  create(input: NewKey): Promise<{ readonly key: string; readonly description: KeyDescription }>
  list(page: { readonly after?: string | undefined; readonly limit?: number | undefined }): Promise<KeyPage>
  describe(kid: string): Promise<KeyDescription>
  update(kid: string, change: KeyChange): Promise<KeyDescription>
  /** A second key of the same id; the old one stays valid for the overlap. */
  rotate(
    kid: string,
    overlapMs?: number,
  ): Promise<{ readonly key: string; readonly description: KeyDescription }>
  revoke(kid: string): Promise<KeyDescription>
  usage(kid: string): Promise<KeyUsage>
}

type Answer<T> = T | undefined
/** The methods of `KeyObject` and `KeyIndex` that administration needs. */
export interface KeyStub {
  create(record: KeyRecord): Promise<boolean>
  describe(): Promise<Answer<KeyDescription>>
  update(change: ParsedKeyChange): Promise<Answer<KeyDescription>>
  rotate(secret: KeySecret, overlapMs: number): Promise<Answer<KeyDescription>>
  revoke(): Promise<Answer<KeyDescription>>
  usage(): Promise<Answer<KeyUsage>>
}
export interface IndexStub {
  put(entry: KeyEntry): Promise<void>
  remove(id: string): Promise<void>
  list(page: { readonly after?: string | undefined; readonly limit?: number | undefined }): Promise<KeyPage>
}

export interface KeyAdminPorts {
  readonly object: (kid: string) => KeyStub
  readonly index: () => IndexStub
  readonly hashKey: HashKey
  readonly randomBytes: (count: number) => Uint8Array
  readonly now: () => number
  /** `KeyRing.forget` of this isolate: here a change holds at once. */
  readonly forget: (kid: string) => void
}

const DEFAULT_OVERLAP_MS = 86_400_000
const MAX_OVERLAP_MS = 7 * DEFAULT_OVERLAP_MS

export function createKeyAdmin(ports: KeyAdminPorts): KeyAdmin {
  const { object, index, forget } = ports

  async function changed(kid: string, change: (stub: KeyStub) => Promise<Answer<KeyDescription>>) {
    const description = await known(kid, () => change(object(kid)))
    forget(kid)
    await index().put(entryOf(description))
    return description
  }

  return {
    async create(input) {
      const record = newRecord(newKeySchema.parse(input), ports.now(), ports.randomBytes)
      const { key, secret } = await newSecret(ports, record)
      const complete = { ...record, secrets: [secret] }
      const description = { ...complete, secrets: [shown(secret)] }
      await index().put(entryOf(description)) // first, so that no key is ever missing from the list
      if (await object(record.id).create(complete)) return { key, description }
      throw new GatewayError('internal', 'A key with this id exists.')
    },
    list: (page) => index().list(page),
    describe: (kid) => known(kid, () => object(kid).describe()),
    update: (kid, change) => {
      const parsed = keyChangeSchema.parse(change)
      return changed(kid, (stub) => stub.update(parsed))
    },
    async rotate(kid, overlapMs = DEFAULT_OVERLAP_MS) {
      const before = await known(kid, () => object(kid).describe())
      const { key, secret } = await newSecret(ports, before)
      const overlap = Math.min(Math.max(0, overlapMs), MAX_OVERLAP_MS)
      return { key, description: await changed(kid, (stub) => stub.rotate(secret, overlap)) }
    },
    revoke: (kid) => changed(kid, (stub) => stub.revoke()),
    usage: (kid) => known(kid, () => object(kid).usage()),
  }
}

async function newSecret(
  { hashKey, randomBytes, now }: KeyAdminPorts,
  { id, kind }: Pick<KeyRecord, 'id' | 'kind'>,
): Promise<{ readonly key: string; readonly secret: KeySecret }> {
  const key = mintKey(kind, id, randomBytes)
  return { key, secret: { hash: await hashKey(key), hint: hintOf(key), createdAt: now() } }
}

function shown({ hint, createdAt }: KeySecret): KeyDescription['secrets'][number] {
  return { hint, createdAt }
}

async function known<T>(kid: string, ask: () => Promise<Answer<T>>): Promise<T> {
  const answer = isKid(kid) ? await ask() : undefined
  if (answer === undefined) throw new GatewayError('key_not_found', 'There is no such key.', { retry: false })
  return answer
}

function entryOf(description: KeyDescription): KeyEntry {
  const { id, name, tenant, createdAt, expiresAt, secrets, disabled, revokedAt } = description
  const state = revokedAt !== undefined ? 'revoked' : disabled ? 'disabled' : 'active'
  return { id, name, tenant, hint: secrets.at(-1)?.hint ?? '', createdAt, expiresAt, state }
}
