import type { Context } from 'hono'
import type { Refused } from '../gateway/types.ts'
import { traceOf } from '../gateway/explain/trace.ts'
import type { Tab } from '../keys/isolate/tab.ts'
import type { AppEnv } from './env.ts'
import { errorResponse } from './errors.ts'
import { REQUEST_HEADERS } from './request-headers.ts'
import { asciiJson, HEADERS, servedHeaders, type Told } from './headers.ts'

/** How an answer came about, what is left of the caller's limits, and the trace for whoever asks for it. */
export function toldHeaders(c: Context<AppEnv>, served: Told, tab: Tab | undefined): Record<string, string> {
  const { keyMs, startedAt, services, principal } = c.var
  const headers = servedHeaders(served, { keyMs }, { now: startedAt, priceOf: services.priceOf })
  if (c.req.header(REQUEST_HEADERS.trace) === 'true')
    headers[HEADERS.trace] = asciiJson(traceOf(served.planning, served.attempts ?? [], principal.may.observe))
  return { ...headers, ...tab?.headers }
}

/** What the caller gets when nobody served. */
export function refusedResponse({ error }: Refused, headers: Readonly<Record<string, string>>): Response {
  const response = errorResponse(error)
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}
