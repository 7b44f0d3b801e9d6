import { patchJson, scanJson } from '../lib/json-scan.ts'
import type { EndpointId } from '../protocol/index.ts'
import { OUTPUT_FIELDS } from '../protocol/output-fields.ts'
import type { Adaptation } from '../providers/provider.ts'
import type { Call, RawBody } from './types.ts'

/** The call with a limit on its answer, where the caller named none or a larger one. */
export function capped<E extends EndpointId>(call: Call<E>, tokens: number | undefined): Call<E> {
  const fields = OUTPUT_FIELDS[call.endpoint]
  if (tokens === undefined || fields === undefined) return call
  const asked: Readonly<Record<string, unknown>> = { ...call.request }
  const named = fields.filter((field) => asked[field] !== undefined && asked[field] !== null)
  const over =
    named.length === 0 ? fields.slice(0, 1) : named.filter((field) => exceeds(asked[field], tokens))
  if (over.length === 0) return call
  const set = Object.fromEntries(over.map((field) => [field, tokens]))
  return {
    ...call,
    request: { ...call.request, ...set },
    raw: patched(call.raw, set),
    adapted: [...(call.adapted ?? []), ...over.map((field): Adaptation => `${field}=capped`)],
  }
}

const exceeds = (value: unknown, tokens: number): boolean => !(typeof value === 'number' && value <= tokens)

function patched(raw: RawBody, set: Readonly<Record<string, unknown>>): RawBody {
  if (raw.kind !== 'json') return raw
  const text = patchJson(raw.text, raw.members, { set, drop: [] })
  return {
    kind: 'json',
    text,
    bytes: new Uint8Array(new TextEncoder().encode(text)),
    members: scanJson(text),
  }
}
