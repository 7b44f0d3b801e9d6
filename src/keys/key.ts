import { base62, crc32, randomBase62 } from './base62.ts'
import { deriveHmacKey } from './secrets.ts'

/** `live` spends money, `test` is for deployments in front of a simulator; a scanner tells them apart. */
export type KeyKind = 'live' | 'test'

export interface ParsedKey {
  readonly kind: KeyKind
  /** Public: names the key in logs, lists and storage. */
  readonly kid: string
}

const KID_CHARS = 10
/** 43 letters of 62 carry 256 bits, so a fast hash is enough: there is nothing to guess. */
const SECRET_CHARS = 43
/** A CRC-32 fits into six letters. */
const CHECK_CHARS = 6
const HINT_CHARS = 4
const FORM = /^gw_(live|test)_([0-9A-Za-z]{10})_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/
const KID = /^[0-9A-Za-z]{10}$/
const PREFIX = 'gw_'

/** A new key id; part of every secret that the key will ever have. */
export function mintKid(randomBytes: (count: number) => Uint8Array): string {
  return randomBase62(KID_CHARS, randomBytes)
}

/** `gw_live_<kid>_<secret>_<crc>`: shown once, kept nowhere. */
export function mintKey(kind: KeyKind, kid: string, randomBytes: (count: number) => Uint8Array): string {
  const body = `gw_${kind}_${kid}_${randomBase62(SECRET_CHARS, randomBytes)}`
  return `${body}_${checksum(body)}`
}

/** Undefined for what cannot be one of our keys; costs microseconds and asks nobody. */
export function parseKey(text: string): ParsedKey | undefined {
  const [, kind, kid] = FORM.exec(text) ?? []
  if (kid === undefined || checksum(text.slice(0, -CHECK_CHARS - 1)) !== text.slice(-CHECK_CHARS))
    return undefined
  return { kind: kind === 'test' ? 'test' : 'live', kid }
}

/** Whether a text claims to be a virtual key, so that it is never taken for a provider's. */
export function looksLikeKey(text: string): boolean {
  return text.startsWith(PREFIX)
}

/** Whether a path parameter may name a Durable Object. */
export function isKid(text: string): boolean {
  return KID.test(text)
}

/** The last letters, by which an owner recognises a key in a list; they are checksum, not secret. */
export function hintOf(key: string): string {
  return key.slice(-HINT_CHARS)
}

function checksum(body: string): string {
  return base62(crc32(body), CHECK_CHARS)
}

/** HMAC-SHA-256 in base64url: the only form in which a key is stored or sent on. */
export type HashKey = (key: string) => Promise<string>

/** Derives the pepper once per isolate: with it, a leaked table of hashes says nothing. */
export function createKeyHasher(gatewaySecret: string): HashKey {
  const encoder = new TextEncoder()
  let pepper: CryptoKey | undefined // a value, not a promise that another request would wait for
  return async (key) => {
    pepper ??= await deriveHmacKey(gatewaySecret, 'virtual-keys')
    return base64Url(new Uint8Array(await crypto.subtle.sign('HMAC', pepper, encoder.encode(key))))
  }
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
