import * as z from 'zod'
import { GatewayError } from '../errors.ts'

/** A model's name as a caller may write it: anything that can be shown. */
export const modelId = z
  .string()
  .min(1)
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is refused
  .regex(/^[^\u0000-\u001f\u007f]*$/, 'it contains control characters')

/** Fields by which other gateways let a caller choose where the operator's key goes: refused, never relayed. */
const ROUTING_FIELDS = ['api_base', 'base_url', 'api_key', 'custom_host', 'extra_headers', 'litellm_params']

export function refuseRoutingFields(request: Readonly<Record<string, unknown>>): void {
  for (const name of ROUTING_FIELDS) {
    if (request[name] !== undefined)
      throw new GatewayError('unknown_parameter', `Unknown parameter: '${name}'.`, { param: name })
  }
}
