import type { Scored } from '../candidate.ts'

/** Affinity is given up when its target costs more than this beyond the best: a warm prompt cache saves no more. */
const BREAK_AT = 1.5

/** FNV-1a with a final mix; uniform enough for a choice, and synchronous. In (0, 1). */
function hash(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (((h ^ (h >>> 16)) >>> 0) + 0.5) / 2 ** 32
}

/**
 * Puts the candidate to which `key` belongs first. Weighted rendezvous hashing: when a target leaves or returns,
 * only its own keys move. `comparable` says that scores are costs, so that too dear a place is not kept.
 */
export function sticky(ordered: readonly Scored[], key: string, comparable: boolean): readonly Scored[] {
  const ranked = ordered.map((candidate, index) => ({
    index,
    rank: -candidate.weight / Math.log(hash(`${key}\n${candidate.id}`)),
  }))
  const home = ranked.reduce<(typeof ranked)[number] | undefined>(
    (a, b) => (a && a.rank >= b.rank ? a : b),
    undefined,
  )
  const first = home && ordered[home.index]
  if (!home || !first || home.index === 0) return ordered
  const best = ordered.reduce((least, { score }) => Math.min(least, score), Infinity)
  if (comparable && first.score > BREAK_AT * best) return ordered
  return [first, ...ordered.toSpliced(home.index, 1)]
}
