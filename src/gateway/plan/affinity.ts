import type { RawBody, Scope } from '../types.ts'

/** A provider caches prompts from about a thousand tokens on, by their beginning; this much of it tells them apart. */
const PREFIX_CHARS = 4_000

/**
 * What a sticky route keeps together: the caller's session, its own cache key, its end user, or the beginning of
 * the prompt. Tenants are kept apart.
 */
export function affinityOf(
  { request, raw }: { readonly request: object; readonly raw?: RawBody },
  scope: Scope,
): string {
  return `${scope.principal.tenant}\n${scope.session ?? named(request) ?? prefix(raw)}`
}

function named(request: object): string | undefined {
  for (const name of ['prompt_cache_key', 'user']) {
    const value: unknown = Object.entries(request).find(([key]) => key === name)?.[1]
    if (typeof value === 'string') return value
  }
  return undefined
}

/** The longest member of the body is the prompt, whatever the endpoint calls it. */
function prefix(raw: RawBody | undefined): string {
  if (raw?.kind !== 'json') return '' // neither an upload nor a session begins with a prompt that anyone caches
  const longest = raw.members.reduce(
    (most, member) => (member.valueEnd - member.valueStart > most.valueEnd - most.valueStart ? member : most),
    {
      valueStart: 0,
      valueEnd: 0,
    },
  )
  return raw.text.slice(longest.valueStart, Math.min(longest.valueEnd, longest.valueStart + PREFIX_CHARS))
}
