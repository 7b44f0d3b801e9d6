import { GatewayError } from '../errors.ts'
import { toBase64 } from '../lib/base64.ts'
import type { Timers } from '../lib/clock.ts'
import { BodyTooLarge, readBytes } from '../lib/read-body.ts'
import type { MediaReference } from '../protocol/endpoint.ts'
import { checkMediaUrl, type MediaPolicy } from './policy.ts'
import { SNIFF_BYTES, sniff } from './sniff.ts'

export interface MediaLimits {
  readonly maxBytes: number
  readonly timeoutMs: number
}
export interface MediaFetcher {
  readonly fetch: (request: Request) => Promise<Response>
  readonly timers: Timers
  readonly policy: MediaPolicy
  readonly limits: MediaLimits
}
const MAX_REDIRECTS = 3
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/**
 * Fetches a medium named in a request: no credentials, each hop checked like the first, time and size bounded,
 * the type told by the bytes. Throws `invalid_image_url`, `image_too_large`, `image_fetch_failed`, `invalid_image`.
 */
export async function fetchMedia(
  reference: MediaReference,
  fetcher: MediaFetcher,
  signal: AbortSignal,
): Promise<{ readonly mimeType: string; readonly data: string }> {
  const { param } = reference
  const timeout = new AbortController()
  const stop = fetcher.timers.after(fetcher.limits.timeoutMs, () => timeout.abort())
  try {
    const response = await follow(reference, fetcher, AbortSignal.any([signal, timeout.signal]))
    const bytes = await readBytes(response, fetcher.limits.maxBytes)
    const head = String.fromCharCode(...bytes.subarray(0, SNIFF_BYTES))
    const mimeType = sniff(head)
    if (mimeType === undefined)
      throw new GatewayError('invalid_image', 'The URL does not point to an image.', { param })
    return { mimeType, data: toBase64(bytes) }
  } catch (thrown) {
    if (thrown instanceof GatewayError || signal.aborted) throw thrown // a client that left, or its time is up
    if (thrown instanceof BodyTooLarge) {
      throw new GatewayError('image_too_large', `The file exceeds ${fetcher.limits.maxBytes} bytes.`, {
        param,
      })
    }
    throw new GatewayError('image_fetch_failed', 'The file at the URL could not be fetched.', {
      param,
      cause: thrown,
    })
  } finally {
    stop()
  }
}

async function follow(
  reference: MediaReference,
  fetcher: MediaFetcher,
  signal: AbortSignal,
): Promise<Response> {
  let url = reference.url
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    checkMediaUrl({ ...reference, url }, fetcher.policy)
    const response = await fetcher.fetch(
      new Request(url, {
        redirect: 'manual',
        signal,
        headers: { accept: 'image/*,video/*,application/pdf' },
      }),
    )
    if (response.ok) return response
    await response.body?.cancel()
    const location = response.headers.get('location')
    if (!REDIRECTS.has(response.status) || location === null || !URL.canParse(location, url)) break
    url = new URL(location, url).href
  }
  throw new GatewayError('image_fetch_failed', 'The file at the URL could not be fetched.', {
    param: reference.param,
  })
}
