import { zValidator } from '@hono/zod-validator'
import type * as z from 'zod'
import { fromZod } from './errors.ts'

/** Hono's validator with our errors, for each place that input comes in by. */
export const json = <T extends z.ZodType>(schema: T) =>
  zValidator('json', schema, (result) => {
    if (!result.success) throw fromZod(result.error)
  })
export const query = <T extends z.ZodType>(schema: T) =>
  zValidator('query', schema, (result) => {
    if (!result.success) throw fromZod(result.error)
  })
export const param = <T extends z.ZodType>(schema: T) =>
  zValidator('param', schema, (result) => {
    if (!result.success) throw fromZod(result.error)
  })
