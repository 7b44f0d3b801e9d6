const encoder = new TextEncoder()

/** One secret is kept, everything else is derived from it, so that a use never weakens another (HKDF-SHA-256). */
export async function deriveHmacKey(secret: string, purpose: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256', length: 256 }
  return crypto.subtle.deriveKey(hkdf(purpose), await material(secret), algorithm, false, ['sign'])
}

/** A key to encrypt what is stored (AES-256-GCM). */
export async function deriveSealingKey(secret: string, purpose: string): Promise<CryptoKey> {
  const algorithm = { name: 'AES-GCM', length: 256 }
  return crypto.subtle.deriveKey(hkdf(purpose), await material(secret), algorithm, false, [
    'encrypt',
    'decrypt',
  ])
}

const material = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey'])

const hkdf = (purpose: string) => ({
  name: 'HKDF',
  hash: 'SHA-256',
  salt: new Uint8Array(),
  info: encoder.encode(`llm-gateway/${purpose}`),
})

/** 32 characters of base64url: enough to be unique, short enough for every field that takes an id. */
export async function pseudonym(key: CryptoKey, ...parts: readonly string[]): Promise<string> {
  const message = parts.map((part) => `${part.length}:${part}`).join('') // lengths keep the parts apart
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(message)))
  return btoa(String.fromCharCode(...mac.subarray(0, 24)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
}
