import { GatewayError } from '../errors.ts'
import { strategies, type StrategyName } from '../router/strategies/index.ts'
import { REQUEST_HEADERS } from './request-headers.ts'

const MIN_TIMEOUT_MS = 1_000
const MAX_TIMEOUT_MS = 900_000

/** The caller's own time limit, clamped to 1 s … 15 min. */
export function timeoutMs(headers: Headers): number | undefined {
  const value = headers.get(REQUEST_HEADERS.timeoutMs)
  if (value === null) return undefined
  if (!/^\d{1,9}$/.test(value))
    throw new GatewayError(
      'invalid_header',
      `'${REQUEST_HEADERS.timeoutMs}' must be a number of milliseconds.`,
      {
        param: REQUEST_HEADERS.timeoutMs,
      },
    )
  return Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, Number(value)))
}

/** A per-request override from a closed list, if the principal may make it. */
export function choice<T extends string>(
  headers: Headers,
  name: string,
  allowed: readonly T[],
  may: boolean,
): T | undefined {
  const value = headers.get(name)
  if (value === null) return undefined
  const found = allowed.find((option) => option === value.trim())
  if (found === undefined)
    throw new GatewayError('invalid_header', `'${name}' must be one of ${allowed.join(', ')}.`, {
      param: name,
    })
  if (!may)
    throw new GatewayError('not_allowed', `This key may not set '${name}'.`, { param: name, retry: false })
  return found
}

/** A positive number of US dollars. */
export function amount(headers: Headers, name: string): number | undefined {
  const value = headers.get(name)
  if (value === null) return undefined
  const usd = Number(value)
  if (!/^\d{1,6}(?:\.\d{1,12})?$/.test(value) || usd <= 0) {
    throw new GatewayError('invalid_header', `'${name}' must be a number of US dollars.`, { param: name })
  }
  return usd
}

export const isStrategy = (name: string): name is StrategyName => Object.hasOwn(strategies, name)
