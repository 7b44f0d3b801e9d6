import type { Decoder } from '../../lib/sse.ts'
import { unframe } from '../../lib/sse-merge.ts'
import type { FanOut, Observer, Wire } from '../../protocol/endpoint.ts'

type Joined<W extends Wire> = ReturnType<NonNullable<FanOut<W>['joinEvents']>>

/** Decodes the merged stream of several parts: each has its own decoder and observer, and `joined` makes one answer of them. */
export function fanOutDecoder<W extends Wire>(
  decoders: readonly Decoder<string, W['event']>[],
  joined: Joined<W>,
  observers: readonly Observer<W['event']>[],
): Decoder<string, W['event']> {
  return {
    push(framed, emit) {
      const { part, data } = unframe(framed)
      const decoder = decoders[part]
      if (decoder === undefined) throw new RangeError(`There is no part ${part}.`)
      const emitPart = (event: W['event']): void => {
        observers[part]?.see(event)
        joined.push(part, event, emit)
      }
      if (data !== undefined) return decoder.push(data, emitPart)
      decoder.end(emitPart)
      joined.end(part, emit)
    },
    end: () => undefined,
  }
}
