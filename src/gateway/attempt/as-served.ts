import type { ServedBy } from '../../protocol/endpoint.ts'
import type { Provider } from '../../providers/provider.ts'

/** What decides the price of an answer besides its body. */
export type Service = Pick<ServedBy, 'tier' | 'regional'>

/** The tier that the answer's headers name, and whether the address is one that costs more. */
export function serviceOf(
  { provider, url }: { readonly provider: Provider; readonly url: string },
  headers: Headers | undefined,
): Service {
  const tier = headers && provider.servedTier?.(headers)
  const regional = provider.isRegional?.(new URL(url).hostname) === true
  return { ...(tier !== undefined && { tier }), ...(regional && { regional }) }
}

/** Who served: what the body says of the tier may be no more than what was asked for. */
export const asServed = (served: ServedBy, service: Service): ServedBy => ({ ...served, ...service })
