import type { Context } from 'hono'
import { GatewayError } from '../errors.ts'
import { complain } from '../report.ts'
import type { AppEnv } from './env.ts'
import { toGatewayError } from './errors.ts'

/** A change whose object cannot write the log in the same step. `detail` and `told` hold no secret. */
interface Change<T> {
  readonly action: string
  /** What is asked for. */
  readonly detail: object
  readonly make: () => Promise<T>
  /** What came of it. */
  readonly told: (result: T) => object
  /** For what must not be where the log does not know its name. */
  readonly undo?: (result: T) => Promise<unknown>
}

/**
 * Makes a change that the log knows of before it is made (`….asked`), and after it how it ended (the action itself, or
 * `….failed`: its answer was an error). A change that cannot be announced is not made: 503. One whose end cannot be
 * told stands in the log as asked for; it has been made, so its answer says so.
 */
export async function audited<T>(c: Context<AppEnv>, change: Change<T>): Promise<T> {
  const { action, detail, make, told, undo } = change
  const asked = await announced(c, action, detail)
  let result: T
  try {
    result = await make()
  } catch (thrown) {
    await tellEnd(c, `${action}.failed`, { asked, code: toGatewayError(thrown).code })
    throw thrown
  }
  const isTold = await tellEnd(c, action, { asked, ...told(result) })
  if (isTold || undo === undefined) return result
  await undo(result)
  throw unlogged('the change was taken back')
}

async function announced(c: Context<AppEnv>, action: string, detail: object): Promise<number | undefined> {
  try {
    return await record(c, `${action}.asked`, detail)
  } catch (cause) {
    throw unlogged('nothing was changed', cause)
  }
}

async function tellEnd(c: Context<AppEnv>, action: string, detail: object): Promise<boolean> {
  try {
    await record(c, action, detail)
    return true
  } catch (cause) {
    complain(`The log of changes could not be told the end of one: ${action}.`, cause)
    return false
  }
}

const unlogged = (so: string, cause?: unknown): GatewayError =>
  new GatewayError('upstream_unavailable', `The log of changes cannot be written, so ${so}.`, { cause })

/** Where from is part of it: one secret may be in several hands. */
async function record(c: Context<AppEnv>, action: string, detail: object): Promise<number | undefined> {
  const address = c.req.header('cf-connecting-ip')
  return c
    .get('services')
    .adminObject?.()
    .record({
      who: c.get('actor'),
      action,
      detail: JSON.stringify({ ...detail, ...(address !== undefined && { address }) }),
    })
}
