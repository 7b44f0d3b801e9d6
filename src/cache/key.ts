import { utf8 } from '../lib/utf8.ts'
import { isRecord } from '../protocol/guards.ts'
import type { CacheKey, Identity } from './ports.ts'

/**
 * Raised whenever a codec changes what the same request is answered with: older entries are then out of reach.
 * A change of a key's own make-up needs no raise, it has the same effect by itself.
 */
const TRANSFORM_VERSION = '1'

/** 144 bits of base64url: unique without doubt, and the whole key of an entry. */
const NAME_BYTES = 18

export interface KeyMacs {
  readonly identity: CryptoKey
  readonly name: CryptoKey
}

/** The keyed hash of an identity, and the name made of it, from which the hash cannot be told. */
export async function cacheKey(macs: KeyMacs, identity: Identity, turn: number): Promise<CacheKey> {
  const { tenant, endpoint, form, route, generation, canonical } = identity
  const parts = [TRANSFORM_VERSION, tenant, endpoint, form, prefixed(route), generation, canonical]
  const digest = await sign(macs.identity, utf8(prefixed(parts)))
  const name = await sign(macs.name, digest)
  return { name: base64Url(name.subarray(0, NAME_BYTES)), tenant, turn, digest }
}

/** Lengths keep the parts apart: no two lists become the same text. */
const prefixed = (parts: readonly string[]): string => parts.map((part) => `${part.length}:${part}`).join('')

async function sign(key: CryptoKey, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, message))
}

export function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Which members of a request do not matter, and when. */
export interface Meaning {
  /** Never part of the answer. */
  readonly ignored: readonly string[]
  /** Members that say nothing when they have this value, or null. */
  readonly defaults: Readonly<Record<string, unknown>>
}

/**
 * A request as one text, the same for all of its spellings: members in order, no white space, nothing that is a
 * default written out. Members that nobody knows matter. `text` is what the caller wrote.
 */
export function canonicalRequest(
  request: Readonly<Record<string, unknown>>,
  { ignored, defaults }: Meaning,
  text: string,
): string {
  const out: string[] = []
  let exact = true
  const inexact = (): void => {
    exact = false
  }
  for (const name of Object.keys(request).sort()) {
    const value = request[name]
    if (value === undefined || ignored.includes(name)) continue
    const written = canonical(value, inexact)
    if (Object.hasOwn(defaults, name) && (value === null || written === canonical(defaults[name], inexact)))
      continue
    out.push(`${JSON.stringify(name)}:${written}`)
  }
  // A provider may read such a number to its last digit, which a double no longer has.
  return exact ? out.join() : `${out.join()}\n${text}`
}

/** JSON with the members of every object in order. */
function canonical(value: unknown, inexact: () => void): string {
  if (typeof value === 'number' && !isExact(value)) inexact()
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, inexact)).join()}]`
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.keys(value)
    .sort()
    .filter((name) => value[name] !== undefined)
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name], inexact)}`)
  return `{${members.join()}}`
}
const isExact = (value: number): boolean =>
  Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))
