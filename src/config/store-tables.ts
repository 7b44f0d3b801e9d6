import type { AuditEntry, VersionInfo } from './ports.ts'
import { purgeTable } from './purge-table.ts'
import type { SealedKey } from './sealed-key.ts'

/** A version as it lies in storage. */
export interface StoredVersion extends VersionInfo {
  readonly document: string
  readonly digest: string
}

type Sql = Pick<SqlStorage, 'exec'>
type Row<T> = { [K in keyof T]: T[K] & SqlStorageValue }

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS versions (version INTEGER PRIMARY KEY, document TEXT NOT NULL, digest TEXT NOT NULL,
    at INTEGER NOT NULL, who TEXT NOT NULL, message TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS current (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, revision INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS keys (provider TEXT PRIMARY KEY, origin TEXT NOT NULL, nonce TEXT NOT NULL,
    sealed TEXT NOT NULL, last4 TEXT NOT NULL, fingerprint TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL,
    action TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL);
  INSERT OR IGNORE INTO current VALUES (1, 0, 0);`

/** The tables of the configuration object; every function is one synchronous step. */
export function createTables(sql: Sql) {
  sql.exec(SCHEMA)
  return {
    current: (): { readonly version: number; readonly revision: number } =>
      sql.exec<{ version: number; revision: number }>('SELECT version, revision FROM current').one(),
    setCurrent: (version: number): void =>
      void sql.exec('UPDATE current SET version = ?, revision = revision + 1', version),
    /** The newest first. */
    versions: (upTo: number, limit: number): readonly StoredVersion[] =>
      sql
        .exec<Row<StoredVersion>>(
          'SELECT * FROM versions WHERE version <= ? ORDER BY version DESC LIMIT ?',
          upTo,
          limit,
        )
        .toArray(),
    list: (before: number, limit: number): readonly VersionInfo[] =>
      sql
        .exec<Row<VersionInfo>>(
          'SELECT version, at, who, message FROM versions WHERE version < ? ORDER BY version DESC LIMIT ?',
          before,
          limit,
        )
        .toArray(),
    addVersion: ({ version, document, digest, at, who, message }: StoredVersion): void =>
      void sql.exec(
        'INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)',
        version,
        document,
        digest,
        at,
        who,
        message,
      ),
    forgetVersions: (upTo: number): void => void sql.exec('DELETE FROM versions WHERE version <= ?', upTo),
    keys: (): readonly SealedKey[] =>
      sql.exec<Row<SealedKey>>('SELECT * FROM keys ORDER BY provider').toArray(),
    putKey: ({ provider, origin, nonce, sealed, last4, fingerprint }: SealedKey): void =>
      void sql.exec(
        'INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?, ?, ?)',
        provider,
        origin,
        nonce,
        sealed,
        last4,
        fingerprint,
      ),
    removeKey: (provider: string): void => void sql.exec('DELETE FROM keys WHERE provider = ?', provider),
    ...purgeTable(sql),
    audit: (before: number, limit: number): readonly AuditEntry[] =>
      sql
        .exec<Row<AuditEntry>>('SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?', before, limit)
        .toArray(),
    addAudit: ({ seq, at, who, action, detail, hash }: AuditEntry): void =>
      void sql.exec('INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)', seq, at, who, action, detail, hash),
  }
}
export type Tables = ReturnType<typeof createTables>
