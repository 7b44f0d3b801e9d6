import { expect, test } from 'vitest'
import { exported } from '../../../src/usage/export.ts'
import type { UsageReport } from '../../../src/usage/reader.ts'
import { ask } from './support.ts'

const reportOf = (tag: string): UsageReport => ({
  rows: [{ group: { tag }, counters: { requests: 1 } }],
  corrupt: 0,
  cut: false,
  facts: { missing: 0, lost_open: 0, corrupt_pending: 0 },
  unreachable: 0,
})
const cellOf = (tag: string): string => {
  const { body } = exported(reportOf(tag), ask({ groupBy: ['tag'] }), 'csv')
  return body.slice(body.indexOf('\r\n') + 2, body.indexOf(',1,'))
}

test.each(['=HYPERLINK("http://evil.example","x")', '+1+1', '-2+3', '@SUM(A1)', '\t=1', '\r=1'])(
  'D-04 %j is no formula in a spreadsheet',
  (tag) => {
    expect(cellOf(tag).replace(/^"/, '')).toMatch(/^'[=+\-@\t\r]/)
  },
)

test('other texts stay as they are, quoted where they must be', () => {
  expect(cellOf('team=red')).toBe('team=red')
  expect(cellOf('a "b", c')).toBe('"a ""b"", c"')
})
