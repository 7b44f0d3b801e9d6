import { complain } from '../report.ts'
import { DurableObject } from 'cloudflare:workers'
import { auditHash, FIRST_HASH, isChained } from '../lib/audit-chain.ts'
import { sha256 } from '../lib/digest.ts'
import type {
  AuditEntry,
  Author,
  ConfigObject,
  Purge,
  Snapshot,
  StorePorts,
  Version,
  VersionInfo,
  Written,
} from './ports.ts'
import type { SealedKey } from './sealed-key.ts'
import { createTables, type StoredVersion, type Tables } from './store-tables.ts'
import type { Problem } from './validate.ts'

/** Older versions are forgotten; the audit is not. */
const KEPT_VERSIONS = 500
const MAX_DOCUMENT_CHARS = 262_144
const EMPTY = '{}'

/** What a change does once everything that takes time is known: its audit entry, and the tables' part. */
interface Step {
  readonly action: AuditEntry['action']
  readonly detail: string
  readonly write: (version: number) => void
}

/**
 * The runtime configuration of a deployment: versions, keys and who changed what. Nothing is ever edited; the
 * pointer moves to a new version. The Worker exports a subclass that hands the ports over.
 */
export abstract class ConfigStoreShell<Env> extends DurableObject<Env> implements ConfigObject {
  readonly #tables: Tables
  readonly #ports: StorePorts
  /** What was last read from storage and found good; storage changes by this object alone. */
  #snapshot: Snapshot | undefined

  constructor(ctx: DurableObjectState, env: Env, ports: StorePorts) {
    super(ctx, env)
    this.#ports = ports
    this.#tables = createTables(ctx.storage.sql)
  }

  async read(known: number | undefined): Promise<Snapshot | undefined> {
    const snapshot = await this.#current()
    return snapshot.revision === known ? undefined : snapshot
  }

  async put(document: string, author: Author): Promise<Written> {
    const problems = this.#problems(document)
    if (problems.length > 0) return { kind: 'refused', problems }
    return this.#addVersion(document, author, { action: 'put', detail: author.message })
  }

  /** A new version equal to an old one. */
  async rollback(to: number, author: Author): Promise<Written> {
    const old = to === 0 ? EMPTY : await this.#whole(this.#stored(to))
    if (old === undefined) return { kind: 'unknown' }
    const problems = this.#problems(old)
    if (problems.length > 0) return { kind: 'refused', problems }
    const message = author.message === '' ? `Roll back to ${to}` : author.message
    return this.#addVersion(old, { ...author, message }, { action: 'rollback', detail: `to ${to}` })
  }

  async versions(before: number, limit: number): Promise<readonly VersionInfo[]> {
    return this.#tables.list(before, limit)
  }

  async version(number: number): Promise<Version | undefined> {
    const stored = this.#stored(number)
    if (stored === undefined) return undefined
    const document = await this.#whole(stored)
    const { version, at, who, message } = stored
    const usable = document !== undefined && this.#problems(document).length === 0
    return { version, at, who, message, document: document ?? EMPTY, usable }
  }

  async putKey(key: SealedKey, author: Author): Promise<Written> {
    return this.#change(author, {
      action: 'key',
      detail: `${key.provider} at ${key.origin}: …${key.last4} (${key.fingerprint})`,
      write: (version) => {
        this.#tables.putKey(key)
        this.#tables.setCurrent(version)
      },
    })
  }

  async removeKey(provider: string, author: Author): Promise<boolean> {
    if (!this.#tables.keys().some((key) => key.provider === provider)) return false
    await this.#change(author, {
      action: 'key-removed',
      detail: provider,
      write: (version) => {
        this.#tables.removeKey(provider)
        this.#tables.setCurrent(version)
      },
    })
    return true
  }

  /** Beside the versions, as keys are: going back to an old version must not bring back what was purged. */
  async purge(purge: Purge, author: Author): Promise<Written> {
    const about = [purge.scope, purge.name].filter((text) => text !== '').join(' ')
    return this.#change(author, {
      action: 'purge',
      detail: author.message === '' ? about : `${about}: ${author.message}`,
      write: (version) => {
        this.#tables.purge(purge)
        this.#tables.setCurrent(version)
      },
    })
  }

  async audit(
    before: number,
    limit: number,
  ): Promise<{ readonly entries: readonly AuditEntry[]; readonly whole: boolean }> {
    const [...entries] = this.#tables.audit(before, limit + 1)
    const older = entries.length > limit ? entries.pop() : undefined
    return { entries, whole: await isChained(entries, older?.hash ?? FIRST_HASH) }
  }

  async #addVersion(
    document: string,
    { message, ...author }: Author,
    about: Pick<Step, 'action' | 'detail'>,
  ): Promise<Written> {
    const digest = await sha256(document)
    return this.#change(
      { ...author, message },
      {
        ...about,
        write: (current) => {
          const version = current + 1
          this.#tables.addVersion({
            version,
            document,
            digest,
            at: this.#ports.now(),
            who: author.who,
            message,
          })
          this.#tables.setCurrent(version)
          this.#tables.forgetVersions(version - KEPT_VERSIONS)
        },
      },
    )
  }

  /** One change with its audit entry. Hashing takes time: if another change came in between, it starts over. */
  async #change(author: Author, { action, detail, write }: Step): Promise<Written> {
    for (;;) {
      const { version, revision } = this.#tables.current()
      if (author.expected !== undefined && author.expected !== version) return { kind: 'conflict', version }
      const [last] = this.#tables.audit(Number.MAX_SAFE_INTEGER, 1)
      const entry = { seq: (last?.seq ?? 0) + 1, at: this.#ports.now(), who: author.who, action, detail }
      const hash = await auditHash(last?.hash ?? FIRST_HASH, entry)
      if (this.#tables.current().revision !== revision) continue
      this.ctx.storage.transactionSync(() => {
        write(version)
        this.#tables.addAudit({ ...entry, hash })
      })
      return { kind: 'written', version: this.#tables.current().version }
    }
  }

  async #current(): Promise<Snapshot> {
    const { revision, version: newest } = this.#tables.current()
    if (this.#snapshot?.revision === revision) return this.#snapshot
    const skipped: number[] = []
    let found: { readonly version: number; readonly document: string } = { version: 0, document: EMPTY }
    const keys = this.#tables.keys()
    const purges = this.#tables.purges()
    for (const stored of this.#tables.versions(newest, KEPT_VERSIONS)) {
      const document = await this.#whole(stored)
      if (document !== undefined && this.#problems(document).length === 0) {
        found = { version: stored.version, document }
        break
      }
      skipped.push(stored.version)
    }
    if (skipped.length > 0) {
      complain(`Configuration ${skipped.join(', ')} cannot be used; ${found.version} is in force.`)
    }
    const snapshot = { revision, ...found, keys, purges, skipped }
    this.#snapshot = snapshot
    return snapshot
  }

  #stored(version: number): StoredVersion | undefined {
    const [stored] = this.#tables.versions(version, 1)
    return stored?.version === version ? stored : undefined
  }

  /** The document if it is still the one that was stored. */
  async #whole(stored: StoredVersion | undefined): Promise<string | undefined> {
    if (stored === undefined) return undefined
    return (await sha256(stored.document)) === stored.digest ? stored.document : undefined
  }

  #problems(document: string): readonly Problem[] {
    if (document.length > MAX_DOCUMENT_CHARS)
      return [{ path: [], message: `must have at most ${MAX_DOCUMENT_CHARS} characters` }]
    try {
      const checked = this.#ports.check(JSON.parse(document))
      return checked.ok ? [] : checked.problems
    } catch {
      return [{ path: [], message: 'is not JSON' }]
    }
  }
}
