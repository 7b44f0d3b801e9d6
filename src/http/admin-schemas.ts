import * as z from 'zod'

/** What the admin API takes. */
const message = z.string().max(500).default('')
const versionNumber = z.number().int().nonnegative()
const inQuery = z.coerce.number().int().nonnegative()
export const pageSchema = z.strictObject({
  before: inQuery.default(Number.MAX_SAFE_INTEGER),
  limit: inQuery.min(1).max(100).default(20),
})
export const diffSchema = z.strictObject({ from: inQuery, to: inQuery })
export const putConfigSchema = z.strictObject({ config: z.record(z.string(), z.unknown()), message })
export const rollbackSchema = z.strictObject({ version: versionNumber, message })
export const providerKeySchema = z.strictObject({
  key: z.string().regex(/^[\x21-\x7e]{1,1024}$/, 'must be a key in ASCII'),
})
export const providerParam = z.object({ name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/) })
export const versionParam = z.object({ version: inQuery })

export const cacheParam = z.object({
  key: z.string().regex(/^[\w-]{24}$/, 'must be what an answer says in x-gateway-cache-key'),
})
const named = z.string().min(1).max(256)
/** Exactly one of the three. */
export const purgeSchema = z.union([
  z.strictObject({ everything: z.literal(true), message }),
  z.strictObject({ tenant: named, message }),
  z.strictObject({ route: named.describe('A route, or a model, as callers name it.'), message }),
])

const MAX_OVERLAP_MS = 7 * 86_400_000
export const keyParam = z.object({ id: z.string().max(64) })
export const keyPageSchema = z.strictObject({
  after: z.string().max(64).optional().describe('The `next` of the page before.'),
  limit: inQuery.min(1).max(100).optional(),
})
export const rotationSchema = z.strictObject({
  overlapMs: z
    .number()
    .int()
    .nonnegative()
    .max(MAX_OVERLAP_MS)
    .optional()
    .describe('How long the old key stays valid. Left out: a day.'),
})
