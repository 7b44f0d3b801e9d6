/**
 * The cycles of a graph: nodes that reach each other share a number, all others have none. Kosaraju's two
 * passes, without recursion: the graph may be one long chain.
 */
export function cycles(edges: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, number> {
  const reversed = new Map<string, string[]>([...edges.keys()].map((node) => [node, []]))
  for (const [from, targets] of edges) for (const to of targets) reversed.get(to)?.push(from)
  const finished: string[] = []
  const seen = new Set<string>()
  for (const node of edges.keys()) visit(node, edges, seen, (last) => finished.push(last))
  const found = new Map<string, number>()
  const placed = new Set<string>()
  for (const [number, node] of finished.toReversed().entries()) {
    const members: string[] = []
    visit(node, reversed, placed, (member) => members.push(member))
    const cyclic = members.length > 1 || edges.get(node)?.includes(node) === true
    if (cyclic) for (const member of members) found.set(member, number)
  }
  return found
}

/** Depth first from `start`, reporting each node once all that it leads to are done. */
function visit(
  start: string,
  edges: ReadonlyMap<string, readonly string[]>,
  seen: Set<string>,
  done: (node: string) => void,
): void {
  if (seen.has(start)) return
  seen.add(start)
  const path = [{ node: start, rest: [...(edges.get(start) ?? [])] }]
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const next = top.rest.pop()
    if (next === undefined) {
      done(top.node)
      path.pop()
    } else if (!seen.has(next)) {
      seen.add(next)
      path.push({ node: next, rest: [...(edges.get(next) ?? [])] })
    }
  }
}
