import { readFileSync, writeFileSync } from 'node:fs'
import { FAMILIES } from '../test/conformance/bugs.ts'
import { ENDPOINTS } from '../test/conformance/endpoints.ts'
import { SECTIONS as CHAT } from '../test/conformance/rows.ts'
import type { Cell, Family, Line, Row } from '../test/conformance/types.ts'

/**
 * `node scripts/conformance.ts [--check]`: docs/conformance.md, from vitest's JSON report and the tables of
 * test/conformance. A row needs a test that ran and passed; a test's id needs a row; `--check` compares.
 */
const root = new URL('..', import.meta.url)
const REPORT = new URL('build/tests.json', root)
const PAGE = new URL('docs/conformance.md', root)

const SECTIONS = [...CHAT, ...ENDPOINTS]

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}
interface Proof {
  readonly file: string
  readonly title: string
  readonly passed: boolean
}

const KINDS = /^(?:openai|gemini|gemini-trap|known-bug|endpoint) /
const INNER_ID = /\s*\[(?:openai|gemini|gemini-trap|known-bug|endpoint) [^\]]*\]/g

/** The ids of a title, `[gemini 4.1 stop]`; they may hold brackets, and other ids. */
function idsOf(title: string): string[] {
  const ids: string[] = []
  const open: number[] = []
  for (let at = 0; at < title.length; at++) {
    if (title[at] === '[') open.push(at)
    if (title[at] !== ']') continue
    const inner = title.slice((open.pop() ?? at) + 1, at)
    if (KINDS.test(inner)) ids.push(inner.replaceAll(INNER_ID, '').trim())
  }
  return ids
}

/** Every test that carries an id, by id; files in order, so that the page does not depend on who finished first. */
function proofs(report: Report): Map<string, Proof[]> {
  const found = new Map<string, Proof[]>()
  const files = report.testResults.map(({ name, assertionResults }) => ({
    file: name.replaceAll('\\', '/').replace(/^.*\/(?=test\/)/, ''),
    assertionResults,
  }))
  for (const { file, assertionResults } of files.sort((a, b) => (a.file < b.file ? -1 : 1))) {
    for (const { ancestorTitles, title, status } of assertionResults) {
      const ids = new Set([...ancestorTitles, title].flatMap(idsOf))
      const proof = { file, title: [...ancestorTitles, title].join(' › '), passed: status === 'passed' }
      for (const id of ids) found.set(id, [...(found.get(id) ?? []), proof])
    }
  }
  return found
}

const cellsOf = ({ openai, gemini }: Row): Cell[] => [openai, gemini].filter((cell) => cell !== undefined)
const idsOfLine = ({ prefix }: Family, number: string, { tests }: Line): string[] =>
  tests === undefined ? [] : [`${prefix} ${number}`, ...tests]

function problems(found: ReadonlyMap<string, readonly Proof[]>): string[] {
  const wanted = new Set([
    ...SECTIONS.flatMap(({ rows }) => rows.flatMap(cellsOf)).flatMap(({ tests }) => tests),
    ...FAMILIES.flatMap((family) =>
      Object.entries(family.lines).flatMap(([number, line]) => idsOfLine(family, number, line)),
    ),
  ])
  const gaps = FAMILIES.flatMap(({ prefix, from, to, lines }) =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i)
      .filter((number) => lines[number] === undefined)
      .map((number) => `[${prefix} ${number}] is neither proven nor said not to apply.`),
  )
  const unproven = [...wanted].flatMap((id) => {
    const tests = found.get(id) ?? []
    if (tests.length === 0) return [`[${id}] has a row, but no test that ran.`]
    return tests.every(({ passed }) => passed) ? [] : [`[${id}] has a test that did not pass.`]
  })
  const homeless = [...found]
    .filter(([id]) => !wanted.has(id))
    .map(([id, [proof]]) => `[${id}] is in the title of a test, but in no row: ${proof?.file ?? ''}.`)
  return [...gaps, ...unproven, ...homeless]
}

const escaped = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const code = (text: string): string => `\`${escaped(text)}\``
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const shown = (cell: Cell | undefined): string =>
  cell === undefined ? '' : escaped(cell.note === '' ? cell.outcome : `${cell.outcome}: ${cell.note}`)
const listed = (ids: readonly string[]): string => [...new Set(ids)].map(code).join(', ')

const INTRODUCTION = `# Conformance

What becomes of the parameters and behaviours of every endpoint at each provider, Chat Completions first. This page is made by
\`scripts/conformance.ts\` from tests that ran and passed: a row without one, or a test without a row, fails the build.

- **relayed**: sent as it came
- **translated**: said in the provider's own words; it means the same
- **adapted**: changed or left out, and listed in \`x-gateway-adapted\`; refused in strict mode
- **refused**: answered with a 400 that names it, before the provider is asked
- **absent**: the provider has no such thing; a 404 names the endpoints that do serve the model

The last section says which tests carry an id.
`

function page(found: ReadonlyMap<string, readonly Proof[]>): string {
  const sections = SECTIONS.map(({ title, rows }) => {
    const both = rows.some(({ openai }) => openai !== undefined)
    const head = ['', ...(both ? ['OpenAI'] : []), 'Gemini', 'Tests']
    const body = rows.map((row) => [
      escaped(row.what),
      ...(both ? [shown(row.openai)] : []),
      shown(row.gemini),
      listed(cellsOf(row).flatMap(({ tests }) => tests)),
    ])
    return `## ${title}\n\n${table(head, body)}\n`
  })
  const families = FAMILIES.map((family) => {
    const body = Object.entries(family.lines).map(([number, line]) => [
      number,
      escaped(line.what),
      line.notApplicable === undefined
        ? listed(idsOfLine(family, number, line))
        : `does not apply: ${escaped(line.notApplicable)}`,
    ])
    return `## ${family.title}\n\n${table(['', 'Bug', 'Tests'], body)}\n`
  })
  const tests = [...found]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([id, all]) => [code(id), escaped(titleOf(all)), listed(all.map(({ file }) => file))])
  return [
    INTRODUCTION,
    ...sections,
    ...families,
    `## Tests\n\n${table(['Id', 'Test', 'File'], tests)}\n`,
  ].join('\n')
}

/** The first test's, without ids; what one test of a table sends is the table's business. */
function titleOf(all: readonly Proof[]): string {
  const [first] = all
  const title = (first?.title ?? '').replaceAll(/\s+/g, ' ')
  const [id] = idsOf(title)
  const bare = idsOf(title)
    .reduce((text, each) => text.replace(`[${each}]`, ''), title)
    .replaceAll(INNER_ID, '')
    .replaceAll(/\s+/g, ' ')
    .replace(/^( ?› ?)+|( ?› ?)+$/g, '')
    .trim()
  const text = bare === '' ? (id ?? '') : bare
  return (text.length > 160 ? `${text.slice(0, 160)}…` : text) + (all.length > 1 ? ', and more' : '')
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- vitest wrote it
const report = JSON.parse(readFileSync(REPORT, 'utf8')) as Report
const found = proofs(report)
const wrong = problems(found)
if (wrong.length > 0) {
  console.error(wrong.join('\n'))
  process.exit(1)
}
const text = page(found)
if (!process.argv.includes('--check')) writeFileSync(PAGE, text)
else if (readFileSync(PAGE, 'utf8') !== text) {
  console.error('docs/conformance.md is stale; run `npm run conformance` and commit it.')
  process.exit(1)
}
