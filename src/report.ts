import { GatewayError } from './errors.ts'
import { sanitise } from './gateway/attempt/answer.ts'

/** One structured line for a request, made by `usage/log-line.ts`. */
export function reportUsage(line: string): void {
  // oxlint-disable-next-line eslint/no-console -- as below
  console.log(line)
}

/** One structured line for a fault of ours: no header, no body, no URL, and nothing that looks like a key. */
export function reportError(requestId: string | undefined, error: GatewayError): void {
  const { cause } = error.detail
  const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : 'unknown'
  const at =
    cause instanceof Error
      ? (cause.stack ?? '')
          .split('\n')
          .slice(1, 4)
          .map((line) => line.trim())
      : []
  // oxlint-disable-next-line eslint/no-console -- the one place that writes to the log
  console.error(
    JSON.stringify({
      level: 'error',
      requestId,
      code: error.code,
      cause: sanitise(text.replaceAll(/https?:\/\/\S+/g, '[url]')),
      at,
    }),
  )
}

/** Something is wrong that is no request's fault. What caused it is cleaned of URLs and keys, as any fault of ours. */
export function complain(message: string, cause?: unknown): void {
  const said = cause instanceof Error ? `${message} ${cause.message}` : message
  reportError(undefined, new GatewayError('internal', message, { cause: new Error(said) }))
}
