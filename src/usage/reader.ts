import { type Grouping, ROWS_MAX, type UsageAnswer, type UsageQuery, type UsageRow } from './ask.ts'
import { sum } from './counters.ts'
import type { FactName } from './wire.ts'

/** One answer out of those of all ledger objects. */
export interface UsageReport {
  readonly rows: readonly UsageRow[]
  /** See `UsageAnswer`. */
  readonly corrupt: number
  readonly cut: boolean
  readonly facts: { readonly [name in FactName]: number }
  /** Objects that did not answer: what they hold is missing from the rows. */
  readonly unreachable: number
}

/** Asks every object of the ledger. Throws only if none answers. */
export async function readUsage(
  objects: readonly { query(query: UsageQuery): Promise<UsageAnswer> }[],
  query: UsageQuery,
): Promise<UsageReport> {
  const results = await Promise.allSettled(objects.map((object) => object.query(query)))
  const answers = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const [failed] = results.filter((result) => result.status === 'rejected')
  if (answers.length === 0 && failed !== undefined) throw failed.reason
  const merged = mergeRows(
    answers.flatMap((answer) => answer.rows),
    query.groupBy,
  )
  const rows = merged.filter(({ counters }) => Object.values(counters).every(Number.isSafeInteger))
  const unheld = merged.length - rows.length
  return {
    rows: rows.slice(0, ROWS_MAX),
    corrupt: answers.reduce((total, { corrupt }) => total + corrupt, unheld),
    cut: rows.length > ROWS_MAX || answers.some(({ cut }) => cut),
    facts: {
      missing: factOf(answers, 'missing'),
      lost_open: factOf(answers, 'lost_open'),
      corrupt_pending: factOf(answers, 'corrupt_pending'),
    },
    unreachable: results.length - answers.length,
  }
}

const factOf = (answers: readonly UsageAnswer[], name: FactName): number =>
  answers.reduce((total, { facts }) => total + facts[name], 0)

function mergeRows(rows: readonly UsageRow[], groupBy: readonly Grouping[]): readonly UsageRow[] {
  const merged = new Map<string, UsageRow>()
  for (const row of rows) {
    const key = JSON.stringify(groupBy.map((name) => row.group[name]))
    const held = merged.get(key)
    merged.set(key, held === undefined ? row : { ...held, counters: sum(held.counters, row.counters) })
  }
  return [...merged.values()].toSorted((a, b) => compare(a, b, groupBy))
}

function compare(a: UsageRow, b: UsageRow, groupBy: readonly Grouping[]): number {
  for (const name of groupBy) {
    const [left, right] = [a.group[name] ?? '', b.group[name] ?? '']
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
