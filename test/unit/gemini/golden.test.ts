import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decode, encode, failingStream, failureKind, stream } from './support.ts'

/**
 * One exchange, from the caller's request to the caller's answer. `upstream` is what Google must get; then either
 * its answer and what becomes of it, or its events and the chunks, or either and the failure they are.
 */
interface Case {
  readonly title: string
  readonly model?: string
  readonly request: Record<string, unknown>
  readonly upstream: { readonly path: string; readonly body: unknown; readonly adapted?: readonly string[] }
  readonly response?: unknown
  readonly answer?: unknown
  readonly events?: readonly unknown[]
  readonly chunks?: unknown
  readonly failure?: string
}

const folder = new URL('../../fixtures/gemini/', import.meta.url)
const cases = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .map((name): [string, Case] => [name.slice(0, -5), JSON.parse(readFileSync(new URL(name, folder), 'utf8'))])

/** As the bytes will be: without the members that are undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

const options = ({ model }: Case) => (model === undefined ? {} : { on: model })
const titled = (list: readonly [string, Case][]) =>
  list.map(([name, each]) => [`${name}: ${each.title}`, each] as const)

describe('the request', () => {
  test.each(titled(cases))('%s', (_title, each) => {
    const { path, body, adapted } = encode(each.request, options(each))
    expect({ path, body }).toEqual({ path: each.upstream.path, body: each.upstream.body })
    expect(adapted).toEqual(each.upstream.adapted ?? [])
  })
})
describe('the answer', () => {
  test.each(titled(cases.filter(([, each]) => each.answer !== undefined)))('%s', (_title, each) =>
    expect(plain(decode(each.response, each.request, options(each)))).toEqual(each.answer),
  )
})
describe('the chunks', () => {
  const streamed = cases.filter(([, each]) => each.events !== undefined && each.failure === undefined)
  test.each(titled(streamed))('%s', (_title, each) =>
    expect(plain(stream(each.events ?? [], each.request, options(each)))).toEqual(each.chunks),
  )
})
describe('the failure', () => {
  test.each(titled(cases.filter(([, each]) => each.failure !== undefined)))('%s', (_title, each) => {
    const { events, request, response, chunks, failure } = each
    const failed =
      events === undefined
        ? { kind: failureKind(() => decode(response, request, options(each))) }
        : failingStream(events, request, options(each))
    expect(plain(failed)).toEqual({ ...(chunks !== undefined && { chunks }), kind: failure })
  })
})
