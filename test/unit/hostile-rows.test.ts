import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

/**
 * The table of hostile inputs (section 5 of the threat model) by its ids. A test says which row it holds at the
 * beginning of its title or of a row of its table: `A-20 from an address outside its list a key is refused`.
 */
const ROWS: Readonly<Record<string, readonly string[]>> = {
  A: ['01', '02', '04', '05', '07', '08', '10', '11', '13', '14', '16', '17', '19', '20', '22'],
  R: ['01', '02', '04', '05', '07', '08', '10', '11'],
  H: ['01', '02', '04', '05', '07', '08', '10', '11', '13'],
  J: ['01', '02', '04', '05', '07', '08', '10', '11', '13', '14'],
  S: ['01', '02', '04', '05', '07', '08', '10', '11', '13', '14', '16', '17', '19', '20'],
  U: ['01', '02', '04', '05', '07', '08', '10', '11', '13', '14'],
  B: ['01', '02', '04', '05', '07', '08', '10'],
  T: ['01', '02', '04', '05'],
  P: ['01', '02', '04', '05', '07', '08', '10', '11', '13'],
  W: ['01', '02', '04', '05', '07', '08', '10'],
  D: ['01', '02', '04', '05', '07', '08', '10', '11'],
  C: ['01', '02', '04', '05', '07', '08'],
}

/** Rows whose surface is not there, or that no test in this place can reach. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'H-07': 'raw sockets: the platform answers before a Worker sees anything',
  'S-19': 'every chat model of a translated provider takes a schema; what cannot be said of one is refused',
  'P-08': 'the dashboard, which is not part of this Worker',
}

const TESTS = new URL('..', import.meta.url)

/** Every text in a test's source that begins with an id, or holds one behind an id of another kind. */
function labels(): ReadonlySet<string> {
  const found = new Set<string>()
  for (const path of readdirSync(TESTS, { recursive: true, encoding: 'utf8' })) {
    if (!path.endsWith('.test.ts') || path.endsWith('hostile-rows.test.ts')) continue
    const source = readFileSync(new URL(path.replaceAll('\\', '/'), TESTS), 'utf8')
    for (const [, ids = ''] of source.matchAll(LABEL))
      for (const [id] of ids.matchAll(/[A-Z]-\d\d/g)) found.add(id)
  }
  return found
}
const LABEL = /['"`](?:\[[^\]'"`]*\] )*((?:[A-Z]-\d\d(?:, |\/| ))+)\S/g

const ids = Object.entries(ROWS).flatMap(([letter, numbers]) => numbers.map((each) => `${letter}-${each}`))

describe('the table of hostile inputs', () => {
  const labelled = labels()

  test.each(ids.filter((id) => !Object.hasOwn(ELSEWHERE, id)))('%s has a test that says so', (id) => {
    expect(labelled.has(id)).toBe(true)
  })

  test('no test names a row that does not exist, and no row is both here and elsewhere', () => {
    expect([...labelled].filter((id) => !ids.includes(id))).toEqual([])
    expect(Object.keys(ELSEWHERE).filter((id) => labelled.has(id) || !ids.includes(id))).toEqual([])
  })
})
