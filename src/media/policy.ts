import { GatewayError } from '../errors.ts'
import { type UrlPolicy, urlRefusal } from '../lib/public-url.ts'
import type { MediaReference } from '../protocol/endpoint.ts'

export type MediaPolicy = UrlPolicy

/**
 * Checks a URL by its syntax alone, the same for a URL that an upstream will fetch and one that the gateway
 * fetches (security.md 3.4). Data URLs pass. Throws `invalid_image_url`.
 */
export function checkMediaUrl({ url, param }: MediaReference, policy: MediaPolicy): void {
  if (url.startsWith('data:')) return
  const reason = urlRefusal(url, policy)
  if (reason !== undefined)
    throw new GatewayError('invalid_image_url', `The URL is not allowed: ${reason}.`, { param })
}
