import type { Usage, UsagePart } from './usage.ts'

/** What several calls used together; each stays known, since it is priced by its own length and its own model. */
export function summed(parts: readonly UsagePart[]): Usage {
  const counts: Record<string, number> = {}
  for (const part of parts)
    for (const [name, value] of Object.entries(part))
      if (typeof value === 'number') counts[name] = (counts[name] ?? 0) + value
  const kinds = new Set(parts.map(({ imageKind }) => imageKind))
  const [kind] = kinds
  return {
    inputTokens: 0,
    outputTokens: 0,
    ...counts,
    ...(kinds.size === 1 && kind !== undefined && { imageKind: kind }),
    ...(parts.some(({ estimated }) => estimated) && { estimated: true }),
    parts: parts.flatMap(partsOf),
  }
}

/** The calls that a usage is made of. */
const partsOf = (usage: UsagePart): readonly UsagePart[] => usage.parts ?? [usage]
