import { GatewayError } from '../../errors.ts'
import type { BridgeContext, Change } from './bridge.ts'

/** What a bridge had to leave out, gathered on the way. */
export interface Changes {
  readonly list: Set<Change>
  /** A hint that has no place at the other endpoint: listed, or in strict mode refused. */
  leaveOut(parameter: string, param?: string): void
  /** Something that carries no wish of the caller's. */
  note(parameter: string, what: string): void
}

/** Names come from the caller and end in a response header. */
const HEADER_SAFE = /^[\w.-]{1,64}$/

export function createChanges({ strict }: BridgeContext): Changes {
  const list = new Set<Change>()
  const note = (parameter: string, what: string): void => {
    list.add(`${HEADER_SAFE.test(parameter) ? parameter : 'unknown'}=${what}`)
  }
  return {
    list,
    note,
    leaveOut(parameter, param = parameter) {
      if (strict) throw unsupportedParameter(param)
      note(parameter, 'dropped')
    },
  }
}

export function unsupportedParameter(param: string): GatewayError {
  return new GatewayError(
    'unsupported_parameter',
    `Unsupported parameter: '${param}' is not supported with this model.`,
    { param },
  )
}

export function unsupportedValue(param: string, value: unknown, hint = ''): GatewayError {
  const shown = String(value)
    .replaceAll(/[^\w.-]/g, '?')
    .slice(0, 40)
  return new GatewayError(
    'unsupported_value',
    `Unsupported value: '${param}' does not support '${shown}' with this model.${hint}`,
    { param },
  )
}
