import * as z from 'zod'
import { mintKid } from '../key.ts'
import {
  cacheSchema,
  failModeSchema,
  type KeyRecord,
  limitsSchema,
  NANO_USD,
  scopesSchema,
} from '../record.ts'

const MAX_BUDGET_USD = 1_000_000
const usd = z.number().nonnegative().max(MAX_BUDGET_USD)

/** Dollars as an operator writes them; stored as whole nanodollars, rounded down. */
const budgetsInput = z.strictObject({
  day: usd.optional().describe('USD per day (UTC).'),
  month: usd.optional().describe('USD per month (UTC).'),
  total: usd.optional().describe('USD for the life of the key.'),
})

/** What an operator may say of a new key. Tenant, spending, hashes and roles of its own are not among it. */
export const newKeySchema = z.strictObject({
  name: z.string().min(1).max(128),
  tenant: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/)
    .optional()
    .describe('Keys of one tenant share caches and pseudonyms. Absent: a tenant of its own.'),
  kind: z.enum(['live', 'test']).default('live'),
  expiresAt: z.number().int().positive().optional().describe('Milliseconds since the Unix epoch.'),
  scopes: scopesSchema.prefault({}),
  limits: limitsSchema.default({}),
  budgets: budgetsInput.default({}),
  failMode: failModeSchema.default('closed'),
  cache: cacheSchema.optional(),
})
export type NewKey = z.input<typeof newKeySchema>

/** A part that is named replaces the stored part; null takes the expiry or the cache away. */
export const keyChangeSchema = z
  .strictObject({
    name: z.string().min(1).max(128),
    expiresAt: z.number().int().positive().nullable(),
    disabled: z.boolean(),
    scopes: scopesSchema,
    limits: limitsSchema,
    budgets: budgetsInput,
    failMode: failModeSchema,
    cache: cacheSchema.nullable(),
  })
  .partial()
export type KeyChange = z.input<typeof keyChangeSchema>
export type ParsedKeyChange = z.infer<typeof keyChangeSchema>

type ParsedNewKey = z.infer<typeof newKeySchema>

/** A record with no secret yet. */
export function newRecord(
  input: ParsedNewKey,
  now: number,
  randomBytes: (count: number) => Uint8Array,
): KeyRecord {
  const id = mintKid(randomBytes)
  return {
    id,
    kind: input.kind,
    name: input.name,
    tenant: input.tenant ?? `key_${id}`,
    createdAt: now,
    ...(input.expiresAt !== undefined && { expiresAt: input.expiresAt }),
    disabled: false,
    scopes: input.scopes,
    limits: input.limits,
    budgets: toNanoUsd(input.budgets),
    failMode: input.failMode,
    ...(input.cache !== undefined && { cache: input.cache }),
    secrets: [],
    version: 1,
  }
}

/** The record after a change; nothing else of it moves. */
export function changed(record: KeyRecord, change: ParsedKeyChange): KeyRecord {
  const { expiresAt: oldExpiry, cache: oldCache, ...rest } = record
  const { expiresAt, cache, budgets, ...plain } = change
  const nextExpiry = expiresAt === undefined ? oldExpiry : (expiresAt ?? undefined)
  const nextCache = cache === undefined ? oldCache : (cache ?? undefined)
  const given = Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined))
  return {
    ...rest,
    ...given,
    ...(nextExpiry !== undefined && { expiresAt: nextExpiry }),
    ...(nextCache !== undefined && { cache: nextCache }),
    budgets: budgets === undefined ? record.budgets : toNanoUsd(budgets),
    version: record.version + 1,
  }
}

function toNanoUsd(budgets: z.infer<typeof budgetsInput>): KeyRecord['budgets'] {
  const { day, month, total } = budgets
  return {
    ...(day !== undefined && { day: nano(day) }),
    ...(month !== undefined && { month: nano(month) }),
    ...(total !== undefined && { total: nano(total) }),
  }
}

/** 0.29 × 10⁹ is 289,999,999.99999994 in binary: rounded to the tenth of a nanodollar first, then down. */
function nano(usd: number): number {
  return Math.floor(Number((usd * NANO_USD).toFixed(1)))
}
