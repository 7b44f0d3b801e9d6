import type { Wire } from '../../protocol/endpoint.ts'
import type { Passthrough } from '../provider.ts'
import { commonChanges, patchOf } from './patch.ts'

type Fields = { readonly model: string } & Readonly<Record<string, unknown>>

/** An endpoint whose requests go to OpenAI as they are, but for what changes on every endpoint. */
export function relayed<W extends Wire & { readonly request: Fields }>(path: `/${string}`): Passthrough<W> {
  return { kind: 'passthrough', path, patch: (request, context) => patchOf(commonChanges(request, context)) }
}
