import { describe, expect, it } from 'vitest'
import { merge, unframe } from '../../../src/lib/sse-merge.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** A stream that the test feeds, and that tells why it was cancelled. */
function part() {
  let feed: ReadableStreamDefaultController<Uint8Array> | undefined
  const cancelled: unknown[] = []
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => void (feed = controller),
    cancel: (reason) => void cancelled.push(reason),
  })
  return {
    stream,
    cancelled,
    say: (data: string) => feed?.enqueue(bytes(`data: ${data}\n\n`)),
    end: () => feed?.close(),
    fail: (thrown: Error) => feed?.error(thrown),
  }
}

const framesIn = (value: Uint8Array | undefined) =>
  new TextDecoder()
    .decode(value)
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => unframe(frame.slice('data: '.length)))

describe('merged streams', () => {
  it('tell which part each event is of, and when a part is over', async () => {
    const [a, b] = [part(), part()]
    const reader = merge([a.stream, b.stream], 100).getReader()
    b.say('one')
    expect(framesIn((await reader.read()).value)).toEqual([{ part: 1, data: 'one' }])
    a.say('two')
    expect(framesIn((await reader.read()).value)).toEqual([{ part: 0, data: 'two' }])
    b.end()
    expect(framesIn((await reader.read()).value)).toEqual([{ part: 1, data: undefined }])
    a.end()
    expect(framesIn((await reader.read()).value)).toEqual([{ part: 0, data: undefined }])
    expect((await reader.read()).done).toBe(true)
  })

  it('read no further than is asked for', async () => {
    let pulled = 0
    const source = () =>
      new ReadableStream<Uint8Array>(
        { pull: (controller) => controller.enqueue(bytes(`data: ${pulled++}\n\n`)) },
        { highWaterMark: 0 },
      )
    const reader = merge([source(), source()], 100).getReader()
    for (let i = 0; i < 10; i++) await reader.read()
    expect(pulled).toBeLessThanOrEqual(12)
  })

  it('end with the first that breaks, and let go of the others', async () => {
    const parts = [part(), part(), part()]
    const reader = merge(
      parts.map(({ stream }) => stream),
      100,
    ).getReader()
    const broken = new Error('reset')
    parts[1]?.fail(broken)
    await expect(reader.read()).rejects.toBe(broken)
    expect(parts.map(({ cancelled }) => cancelled)).toEqual([[broken], [], [broken]])
  })

  it('let go of all of them where an event of one is too long', async () => {
    const [a, b] = [part(), part()]
    const reader = merge([a.stream, b.stream], 10).getReader()
    a.say('x'.repeat(100))
    await expect(reader.read()).rejects.toThrow('')
    expect([a.cancelled.length, b.cancelled.length]).toEqual([1, 1])
  })

  it('let go of all of them when nobody reads on', async () => {
    const [a, b] = [part(), part()]
    await merge([a.stream, b.stream], 100).cancel('left')
    expect([a.cancelled, b.cancelled]).toEqual([['left'], ['left']])
  })
})
