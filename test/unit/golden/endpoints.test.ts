import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { exchange, type Expected, type Given } from './support.ts'

const folder = new URL('../../fixtures/endpoints/', import.meta.url)
const fixtures = readdirSync(folder).map(
  (name) => [name.slice(0, -5), JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Fixture] as const,
)
interface Fixture {
  readonly given: Given
  readonly expected: Expected
}

test.each(
  fixtures.map(([name, { given, expected }]) => [`${name}: ${given.title}`, given, expected] as const),
)('%s', (_, given, expected) => expect(exchange(given)).toEqual(expected))
