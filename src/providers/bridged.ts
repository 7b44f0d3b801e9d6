import { GatewayError } from '../errors.ts'
import type { Bridge } from '../protocol/bridge/bridge.ts'
import type { Endpoint, Wire } from '../protocol/endpoint.ts'
import type { Codec, Provider, Translation, Upstream } from './provider.ts'
import { readRelay } from './relayed.ts'

/** An endpoint that a provider lacks, served by another that it has: N providers and M endpoints cost N + M. */
export function bridged<Outer extends Wire, Inner extends Wire>(
  bridge: Bridge<Outer, Inner>,
  inner: Codec<Inner>,
  classify: Provider['classify'],
): Translation<Outer> {
  const codec = inner.kind === 'translation' ? inner : readRelay(bridge.to, inner, classify)
  const { events, readsUrl } = codec
  return {
    kind: 'translation',
    encode(request, context) {
      const crossing = bridge.request(request, context)
      const upstream = inTheCallersWords(crossing.renamed, () => codec.encode(crossing.request, context))
      return { ...upstream, adapted: [...crossing.adapted, ...renamedAll(upstream, crossing.renamed)] }
    },
    decode(body, request, context) {
      const inner = bridge.request(request, context).request
      return bridge.response(codec.decode(body, inner, context), request, context)
    },
    ...(events && {
      events(request, context) {
        const inner = events(bridge.request(request, context).request, context)
        const outer = bridge.events(request, context)
        return {
          push: (data, emit) => inner.push(data, (event) => outer.push(event, emit)),
          end(emit) {
            inner.end((event) => outer.push(event, emit))
            outer.end(emit)
          },
        }
      },
    }),
    ...(bridge.fanOut && { fanOut: bridge.fanOut(codec.fanOut !== undefined) }),
    serves: codec.serves ?? (({ endpoints }) => listed(bridge.to, endpoints)),
    ...(readsUrl && { readsUrl }),
    ...(codec.inlinesMedia && { inlinesMedia: true }),
  }
}

function listed<W extends Wire>({ capability }: Endpoint<W>, endpoints: readonly string[]): boolean {
  return capability === undefined || endpoints.includes(capability)
}

function renamedAll({ adapted }: Upstream, renamed: (text: string) => string): Upstream['adapted'] {
  return adapted.map((change): Upstream['adapted'][number] => {
    const at = change.lastIndexOf('=')
    return `${renamed(change.slice(0, at))}=${change.slice(at + 1)}`
  })
}

/** The inner codec names what it was asked; the caller knows other names for it. */
function inTheCallersWords<T>(renamed: (text: string) => string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    if (!(thrown instanceof GatewayError)) throw thrown
    const { param } = thrown.detail
    throw new GatewayError(thrown.code, renamed(thrown.message), {
      ...thrown.detail,
      param: param === undefined ? undefined : renamed(param),
    })
  }
}
