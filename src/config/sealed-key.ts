import { deriveHmacKey, deriveSealingKey, pseudonym } from '../keys/secrets.ts'
import { toBase64 } from '../lib/base64.ts'

/** A provider key as it is stored: nobody can read it without `GATEWAY_SECRET`, nor use it for another origin. */
export interface SealedKey {
  readonly provider: string
  readonly origin: string
  /** Base64. */
  readonly nonce: string
  readonly sealed: string
  /** What the admin API may show of it. */
  readonly last4: string
  readonly fingerprint: string
}
export interface KeyOwner {
  readonly provider: string
  readonly origin: string
}

const PURPOSE = 'provider-keys'
const NONCE_BYTES = 12
const MIN_CHARS_TO_SHOW_4 = 16

export async function sealKey(secret: string, owner: KeyOwner, key: string): Promise<SealedKey> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
  const sealed = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: bound(owner) },
    await deriveSealingKey(secret, PURPOSE),
    new TextEncoder().encode(key),
  )
  const hmac = await deriveHmacKey(secret, `${PURPOSE}/fingerprints`)
  return {
    ...owner,
    nonce: toBase64(nonce),
    sealed: toBase64(new Uint8Array(sealed)),
    last4: key.length < MIN_CHARS_TO_SHOW_4 ? '' : key.slice(-4),
    fingerprint: (await pseudonym(hmac, key)).slice(0, 16),
  }
}

/** Undefined when it was sealed under another secret, or for another provider or origin than `owner`. */
export async function openKey(
  secret: string,
  owner: KeyOwner,
  { nonce, sealed }: Pick<SealedKey, 'nonce' | 'sealed'>,
): Promise<string | undefined> {
  try {
    const opened = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: fromBase64(nonce), additionalData: bound(owner) },
      await deriveSealingKey(secret, PURPOSE),
      fromBase64(sealed),
    )
    return new TextDecoder().decode(opened)
  } catch {
    return undefined
  }
}

/** Lengths keep the parts apart. */
function bound({ provider, origin }: KeyOwner): Uint8Array<ArrayBuffer> {
  const text = [provider, origin].map((part) => `${part.length}:${part}`).join('')
  return new Uint8Array(new TextEncoder().encode(text))
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
