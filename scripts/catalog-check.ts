/**
 * npm run catalog:check: compares the prices of the catalog with those of `@pydantic/genai-prices`, which others keep,
 * and prints what differs, with where our number was seen. It changes nothing: a new price is a new row in
 * catalog/models.json, beside the old one with its last day.
 */
import { compareCatalog } from './catalog-compare.ts'

const { compared, differences } = compareCatalog(new Date())
for (const { model, part, ours, theirs, reason, sources } of differences) {
  console.log(`${model}: ${part}: ${ours} here, ${theirs} there (USD) — ${reason ?? 'NOT EXPLAINED'}`)
  console.log(`  seen in: ${sources.join(', ') || 'no source named'}`)
}
const open = differences.filter(({ reason }) => reason === undefined)
console.log(
  `${compared} models in both; ${differences.length} differences, ${open.length} of them unexplained.`,
)
if (open.length > 0) process.exitCode = 1
