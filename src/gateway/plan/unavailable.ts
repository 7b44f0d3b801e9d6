import { GatewayError } from '../../errors.ts'

/** Health lets nobody be tried. */
export const unavailable = (retryAfterMs: number | undefined): GatewayError =>
  new GatewayError('upstream_unavailable', 'No upstream is healthy at the moment.', {
    retryAfterMs: retryAfterMs ?? 1_000,
  })
