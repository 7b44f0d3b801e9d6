import { SseSplitter } from './sse-split.ts'

const encoder = new TextEncoder()
const END = '!'

/** What `merge` writes for one event of one part; `unframe` reads it back. */
export function unframe(data: string): { readonly part: number; readonly data: string | undefined } {
  const space = data.indexOf(' ')
  const part = Number(space < 0 ? data.slice(0, -1) : data.slice(0, space))
  return { part, data: space < 0 ? undefined : data.slice(space + 1) }
}

/**
 * Interleaves several event streams into one, event by event, each marked with its part; an end mark follows a part
 * that ended. Reads one chunk at a time, and only when more is wanted. The first error of a part is the whole's, and the other parts
 * are let go.
 */
export function merge(
  streams: readonly ReadableStream<Uint8Array>[],
  maxEventChars: number,
): ReadableStream<Uint8Array> {
  let out = ''
  const parts = streams.map((stream, part) => ({
    reader: stream.getReader(),
    decoder: new TextDecoder(),
    splitter: new SseSplitter((data) => {
      out += `data: ${part} ${data.replaceAll('\n', '\ndata: ')}\n\n`
    }, maxEventChars),
  }))
  const pending = new Map(parts.map(({ reader }, part) => [part, next(part, reader)]))

  function take(part: number, { done, value }: ReadableStreamReadResult<Uint8Array>): void {
    const { reader, decoder, splitter } = parts[part] ?? {}
    if (reader === undefined || decoder === undefined || splitter === undefined) return
    if (done) {
      pending.delete(part)
      splitter.feed(decoder.decode())
      splitter.finish()
      out += `data: ${part}${END}\n\n`
    } else {
      splitter.feed(decoder.decode(value, { stream: true }))
      pending.set(part, next(part, reader))
    }
  }

  async function letGo(reason: unknown): Promise<void> {
    await Promise.all(parts.map(({ reader }) => reader.cancel(reason).catch(() => undefined)))
  }

  return new ReadableStream(
    {
      async pull(controller) {
        try {
          while (out === '' && pending.size > 0) {
            const { part, result } = await Promise.race(pending.values())
            take(part, result)
          }
        } catch (thrown) {
          void letGo(thrown)
          throw thrown
        }
        if (out !== '') controller.enqueue(encoder.encode(out))
        out = ''
        if (pending.size === 0) controller.close()
      },
      cancel: letGo,
    },
    { highWaterMark: 0 },
  )
}

function next(part: number, reader: ReadableStreamDefaultReader<Uint8Array>) {
  const read = reader.read().then((result) => ({ part, result }))
  read.catch(() => undefined) // told to whoever waits for it; a reader that has left does not
  return read
}
