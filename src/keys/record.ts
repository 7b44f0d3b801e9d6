import * as z from 'zod'
import { card } from '../catalog/card.ts'
import { inBlocks, isCidr } from '../lib/cidr.ts'
import { nameModel } from '../catalog/model-id.ts'
import { ttlSeconds } from '../config/schema.ts'

/** 10⁻⁹ USD: a thousandth of the cheapest request, and nine million dollars are still an exact number. */
export const NANO_USD = 1_000_000_000
const MAX_BUDGET_USD = 1_000_000
const MAX_LIMIT = 1_000_000_000
const MAX_LIST = 200

const moment = z.number().int().nonnegative().describe('Milliseconds since the Unix epoch.')
const count = z.number().int().positive().max(MAX_LIMIT)
const nanoUsd = z
  .number()
  .int()
  .nonnegative()
  .max(MAX_BUDGET_USD * NANO_USD)
const pattern = z.string().regex(/^[A-Za-z0-9*][A-Za-z0-9*._:/-]{0,127}$/)

export const scopesSchema = z.strictObject({
  models: z
    .array(pattern)
    .max(MAX_LIST)
    .optional()
    .describe('Models and routes, as callers name them; `*` stands for any run of characters. Absent: all.'),
  endpoints: z.array(z.string().max(64)).max(MAX_LIST).optional().describe('Endpoint names. Absent: all.'),
  strategies: z
    .array(z.string().max(64))
    .max(MAX_LIST)
    .optional()
    .describe('Routing strategies that a request may choose. Absent: all.'),
  addresses: z
    .array(z.string().max(64).refine(isCidr, 'must be an IP address or a block of them (192.0.2.0/24)'))
    .max(MAX_LIST)
    .optional()
    .describe('IP addresses and blocks that the key may be used from. Absent: all.'),
  override: z.boolean().default(false).describe('May override lifecycle and adaptation per request.'),
  metadata: z
    .record(z.string().max(64), z.string().max(512))
    .default({})
    .describe('Copied into the usage records of every request.'),
})
export const limitsSchema = z.strictObject({
  requestsPerMinute: count.optional(),
  tokensPerMinute: count.optional().describe('Input and output; a call counts its worst case until it ends.'),
  concurrent: count.optional(),
  maxOutputTokens: count.optional().describe('The most that one answer may hold.'),
})
export const failModeSchema = z
  .enum(['open', 'closed'])
  .describe('What limits do while their Durable Object cannot be reached.')

export const cacheSchema = z
  .strictObject({ ttlSeconds: ttlSeconds.describe('How long an answer is given again.') })
  .describe('Switches the response cache on for the requests of the key.')

const budgetsSchema = z.strictObject({
  day: nanoUsd.optional(),
  month: nanoUsd.optional(),
  total: nanoUsd.optional(),
})

const secretSchema = z.strictObject({
  hash: z.string(),
  hint: z.string(),
  createdAt: moment,
  /** Set when a rotation replaced it: the end of the overlap. */
  expiresAt: moment.optional(),
})

/** What is stored of a virtual key: everything but the key. */
export const keyRecordSchema = z.strictObject({
  id: z.string().regex(/^[0-9A-Za-z]{10}$/),
  kind: z.enum(['live', 'test']),
  name: z.string().min(1).max(128),
  tenant: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  createdAt: moment,
  expiresAt: moment.optional(),
  disabled: z.boolean(),
  revokedAt: moment.optional(),
  scopes: scopesSchema,
  limits: limitsSchema,
  budgets: budgetsSchema,
  failMode: failModeSchema,
  cache: cacheSchema.optional(),
  secrets: z.array(secretSchema).max(8),
  /** Counts the changes. */
  version: z.number().int().positive(),
})
export type KeyRecord = z.infer<typeof keyRecordSchema>
export type KeySecret = KeyRecord['secrets'][number]
export type Limits = KeyRecord['limits']
export type Budgets = KeyRecord['budgets']

/** What an isolate keeps of a key: no hash. */
export interface KeyView extends Omit<KeyRecord, 'secrets'> {
  /** When the secret that was presented stops to be one, if a rotation replaced it. */
  readonly secretExpiresAt?: number | undefined
}

export function viewOf(record: KeyRecord, secret?: KeySecret): KeyView {
  const { secrets, ...rest } = record
  return { ...rest, secretExpiresAt: (secret ?? secrets.at(-1))?.expiresAt }
}

/** The secret behind a hash, if it still is one. Every stored hash is compared, each in constant time. */
export function findSecret(
  record: KeyRecord,
  hash: string,
  now: number,
  equal: (a: string, b: string) => boolean,
): KeySecret | undefined {
  let found: KeySecret | undefined
  for (const secret of record.secrets) if (equal(secret.hash, hash)) found = secret
  return found === undefined || isPast(found.expiresAt, now) ? undefined : found
}

export type Denial = 'revoked' | 'disabled' | 'expired' | 'address' | 'endpoint' | 'model'

export interface Wanted {
  readonly model?: string
  readonly endpoint?: string
  readonly address?: string
  /** Unix milliseconds. */
  readonly now: number
}

/** Why a key may not do this now; undefined if it may. All but `model` say nothing about what exists. */
export function authorize(record: KeyView, wanted: Wanted): Denial | undefined {
  return ended(record, wanted.now) ?? beyondScope(record.scopes, wanted)
}

function ended(record: KeyView, now: number): Denial | undefined {
  if (record.revokedAt !== undefined || isPast(record.secretExpiresAt, now)) return 'revoked'
  if (record.disabled) return 'disabled'
  return isPast(record.expiresAt, now) ? 'expired' : undefined
}

function beyondScope(
  { addresses, endpoints, models }: KeyView['scopes'],
  { model, endpoint, address }: Wanted,
): Denial | undefined {
  if (address !== undefined && addresses !== undefined && !inBlocks(address, addresses)) return 'address'
  if (endpoint !== undefined && endpoints?.includes(endpoint) === false) return 'endpoint'
  if (model !== undefined && models !== undefined && !coversModel(models, model)) return 'model'
  return undefined
}

/** A scope on a model covers every spelling of it: prefix, alias and snapshot. */
function coversModel(patterns: readonly string[], model: string): boolean {
  const names = new Set([model, nameModel(model)?.id, card(model)?.id])
  return [...names].some((name) => name !== undefined && patterns.some((pattern) => matches(pattern, name)))
}

/** `*` stands for any run of characters; linear in the length of the name. */
export function matches(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === name
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
    return false
  let from = first.length
  const end = name.length - last.length
  for (const part of rest) {
    const at = name.indexOf(part, from)
    if (at < 0 || at + part.length > end) return false
    from = at + part.length
  }
  return from <= end
}

/** Whether calls on this key must be counted before they are made. */
export function isLimited({ limits, budgets }: Pick<KeyRecord, 'limits' | 'budgets'>): boolean {
  const { requestsPerMinute, tokensPerMinute, concurrent } = limits
  return [requestsPerMinute, tokensPerMinute, concurrent, budgets.day, budgets.month, budgets.total].some(
    (limit) => limit !== undefined,
  )
}

function isPast(moment: number | undefined, now: number): boolean {
  return moment !== undefined && moment <= now
}
