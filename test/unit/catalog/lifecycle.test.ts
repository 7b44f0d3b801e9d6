import { describe, expect, test } from 'vitest'
import { card, cards } from '../../../src/catalog/card.ts'
import { dayOf, deprecationHeader, sunsetHeader } from '../../../src/catalog/civil-date.ts'
import { lifecycle, type RetiredMode } from '../../../src/catalog/lifecycle.ts'
import type { ModelCard } from '../../../src/catalog/model-card.ts'

function known(id: string): ModelCard {
  const found = card(id)
  if (found === undefined) throw new Error(id)
  return found
}

function outcome(id: string, mode: RetiredMode, today: string): string {
  const result = lifecycle(known(id), mode, today)
  if (result.kind === 'retired') return `retired, ${result.successor ?? 'no successor'}`
  return `${result.kind} ${result.card.id}`
}

describe('a retired model', () => {
  test.each<[string, RetiredMode, string, string]>([
    ['gemini-2.5-pro', 'as-is', '2026-11-30', 'serve gemini-2.5-pro'],
    ['gemini-2.5-pro', 'as-is', '2026-12-01', 'serve gemini-2.5-pro'],
    ['gemini-2.5-pro', 'follow', '2026-11-30', 'serve gemini-2.5-pro'],
    ['gemini-2.5-pro', 'follow', '2026-12-01', 'follow gemini-3.8-flash'],
    ['gemini-2.5-pro', 'follow', '2026-12-02', 'follow gemini-3.8-flash'],
    ['gemini-2.5-pro', 'refuse', '2026-11-30', 'serve gemini-2.5-pro'],
    ['gemini-2.5-pro', 'refuse', '2026-12-01', 'retired, gemini-3.8-flash'],
    ['gemini-2.5-pro', 'refuse', '2027-06-01', 'retired, gemini-3.8-flash'],
    ['o1-preview', 'follow', '2026-12-10', 'follow o3'],
    ['o1-preview', 'follow', '2026-12-11', 'follow gpt-6.1-sol'],
    ['o1-mini', 'follow', '2026-11-23', 'follow gpt-5.6-terra'],
    ['gemini-2.0-flash', 'follow', '2026-11-23', 'follow gemini-3.6-flash'],
    ['o3-pro', 'follow', '2026-12-11', 'follow gpt-6.1-sol'],
    ['whisper-1', 'follow', '2027-02-26', 'follow gpt-transcribe'],
    ['gpt-image-1', 'follow', '2026-11-23', 'follow gpt-image-2.6-sunburst'],
    ['tts-1', 'follow', '2027-01-06', 'retired, gpt-realtime-2.1-mini'],
    ['gpt-5.1', 'follow', '2027-04-01', 'retired, no successor'],
    ['gemini-3.5-flash', 'follow', '2026-11-23', 'follow gemini-3.6-flash'],
    ['gemini-3.5-flash', 'refuse', '2026-11-23', 'serve gemini-3.5-flash'],
    ['gpt-4o', 'refuse', '2026-11-23', 'serve gpt-4o'],
    ['gpt-6-luna', 'refuse', '2030-01-01', 'serve gpt-6-luna'],
  ])('%s, %s, on %s: %s', (id, mode, today, expected) => {
    expect(outcome(id, mode, today)).toBe(expected)
  })

  test('is announced with its own dates, whoever serves', () => {
    expect(lifecycle(known('gpt-4o'), 'as-is', '2026-11-23')).toMatchObject({
      deprecation: '2026-10-14',
      sunset: '2027-01-14',
    })
    expect(lifecycle(known('gemini-2.0-flash'), 'follow', '2026-11-23')).toMatchObject({
      sunset: '2026-06-01',
    })
  })

  test('is not followed to a model without the endpoint', () => {
    expect(lifecycle(known('whisper-1'), 'follow', '2027-02-26', 'translations')).toMatchObject({
      kind: 'retired',
      successor: 'gpt-transcribe',
    })
  })

  test('whose successors go round in a circle has none', () => {
    const circle = { ...known('gpt-4'), id: 'a', replacement: 'a' }
    expect(lifecycle(circle, 'follow', '2027-01-01')).toEqual({
      kind: 'retired',
      card: circle,
      sunset: '2026-10-23',
      deprecation: expect.any(String),
    })
  })

  test('always ends, at a living model', () => {
    for (const each of cards())
      for (const today of ['2026-01-01', '2026-11-23', '2026-12-01', '2027-04-01', '2030-01-01']) {
        const result = lifecycle(each, 'follow', today)
        if (result.kind !== 'follow') continue
        expect(lifecycle(result.card, 'refuse', today).kind).toBe('serve')
        expect(result.card.provider).toBe(each.provider)
      }
  })
})

test.each([
  ['1970-01-01', '@0', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['2000-02-29', '@951782400', 'Tue, 29 Feb 2000 00:00:00 GMT'],
  ['2026-12-01', '@1796083200', 'Tue, 01 Dec 2026 00:00:00 GMT'],
])('%s as header values', (date, deprecation, sunset) => {
  expect(deprecationHeader(date)).toBe(deprecation)
  expect(sunsetHeader(date)).toBe(sunset)
})

test('dates agree with the platform for three centuries', () => {
  for (let ms = Date.UTC(1900, 0, 1); ms < Date.UTC(2200, 0, 1); ms += 86_400_000 * 13) {
    const date = new Date(ms)
    expect(dayOf(ms + 86_399_999)).toBe(date.toISOString().slice(0, 10))
    expect(sunsetHeader(dayOf(ms))).toBe(date.toUTCString())
    expect(deprecationHeader(dayOf(ms))).toBe(`@${ms / 1000}`)
  }
})

test('what is no date is no header', () => {
  expect(sunsetHeader('soon')).toBeUndefined()
  expect(deprecationHeader('2026-1-1')).toBeUndefined()
})
