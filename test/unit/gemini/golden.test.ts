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

describe.each(cases)(
  '%s',
  (_name, { title, model, request, upstream, response, answer, events, chunks, failure }) => {
    const options = model === undefined ? {} : { on: model }
    test(`${title}: the request`, () => {
      const { path, body, adapted } = encode(request, options)
      expect({ path, body }).toEqual({ path: upstream.path, body: upstream.body })
      expect(adapted).toEqual(upstream.adapted ?? [])
    })
    if (answer !== undefined)
      test(`${title}: the answer`, () => {
        expect(plain(decode(response, request, options))).toEqual(answer)
      })
    if (chunks !== undefined && failure === undefined)
      test(`${title}: the chunks`, () => {
        expect(plain(stream(events ?? [], request, options))).toEqual(chunks)
      })
    if (failure !== undefined)
      test(`${title}: the failure`, () => {
        const failed =
          events === undefined
            ? { kind: failureKind(() => decode(response, request, options)) }
            : failingStream(events, request, options)
        expect(plain(failed)).toEqual({ ...(chunks !== undefined && { chunks }), kind: failure })
      })
  },
)
