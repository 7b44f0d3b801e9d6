/** What the operator allows beyond the rules: hosts that may be private, plain HTTP or on another port. */
export interface UrlPolicy {
  readonly allowHosts: ReadonlySet<string>
  /** The gateway's own host: fetching from oneself is a loop, and a way past the door. */
  readonly ownHost: string
}

/** Names that resolve inside somebody's network, or nowhere. */
const PRIVATE_SUFFIX =
  /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|arpa|test|invalid|example|onion)$/
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/**
 * Why a URL is not one that the gateway may call, by its syntax alone (security.md 3.4). The parsed host is judged,
 * never the text: the parser folds `0x7f.1`, `2130706433` and full-width digits to the dotted form.
 */
export function urlRefusal(url: string, policy: UrlPolicy): string | undefined {
  if (!URL.canParse(url)) return 'it is not a URL'
  const { protocol, hostname, host, port, username, password } = new URL(url)
  if (username !== '' || password !== '') return 'it contains credentials'
  if (protocol !== 'https:' && protocol !== 'http:') return 'only https is accepted'
  if (policy.allowHosts.has(host) || policy.allowHosts.has(hostname)) return undefined
  if (protocol !== 'https:') return 'only https is accepted'
  if (port !== '') return 'only port 443 is accepted'
  return hostRefusal(hostname.toLowerCase(), policy)
}

function hostRefusal(hostname: string, policy: UrlPolicy): string | undefined {
  if (IPV4.test(hostname) || hostname.startsWith('[')) return 'an address is not accepted, only a host name'
  if (hostname.endsWith('.')) return 'the host ends with a dot'
  if (!hostname.includes('.') || PRIVATE_SUFFIX.test(hostname)) return 'the host is not public'
  if (hostname === policy.ownHost) return 'it points to this gateway'
  return undefined
}
