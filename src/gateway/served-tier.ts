import type { ServedBy } from '../protocol/endpoint.ts'

/** Who served, at the tier that the answer's headers name: what its body says may be no more than what was asked for. */
export const atTier = (served: ServedBy, tier: string | undefined): ServedBy =>
  tier === undefined ? served : { ...served, tier }
