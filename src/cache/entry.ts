import { utf8 } from '../lib/utf8.ts'
import * as z from 'zod'
import type { Usage } from '../protocol/usage.ts'
import { isRecord } from '../protocol/guards.ts'
import type { Adaptation } from '../providers/provider.ts'
import { base64Url } from './key.ts'
import type { CacheKey, Entry } from './ports.ts'

/** The layout: this byte, the IV, then the ciphertext of `length of the head (4 bytes) | head (JSON) | body`. */
const LAYOUT = 1
const IV_BYTES = 12
const PREFIX_BYTES = 1 + IV_BYTES
const LENGTH_BYTES = 4

const isUsage = (value: unknown): value is Usage =>
  isRecord(value) && typeof value['inputTokens'] === 'number' && typeof value['outputTokens'] === 'number'
const isAdaptation = (value: unknown): value is Adaptation => typeof value === 'string' && value.includes('=')

const head = z.object({
  tenant: z.string(),
  request: z.string(),
  form: z.enum(['json', 'events', 'bytes']),
  contentType: z.string(),
  storedAt: z.number(),
  freshUntil: z.number(),
  target: z.object({ id: z.string(), provider: z.string(), model: z.string(), credential: z.string() }),
  served: z.object({
    model: z.string().optional(),
    tier: z.string().optional(),
    regional: z.boolean().optional(),
  }),
  usage: z.custom<Usage>(isUsage).optional(),
  adapted: z.array(z.custom<Adaptation>(isAdaptation)).readonly(),
})

const decoder = new TextDecoder()

/** The secret as HKDF takes it; made once. */
export function importSecret(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', utf8(secret), 'HKDF', false, ['deriveKey'])
}

/** Its own key for each entry: of the secret, and of the request and the tenant, which the store does not know. */
function entryKey(secret: CryptoKey, { digest }: CacheKey, usage: 'encrypt' | 'decrypt'): Promise<CryptoKey> {
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: digest, info: utf8('llm-gateway/cache-entry') },
    secret,
    { name: 'AES-GCM', length: 256 },
    false,
    [usage],
  )
}

/** Binds the ciphertext to the place where it lies. */
const boundTo = (key: CacheKey) => utf8(key.name)

export async function seal(secret: CryptoKey, key: CacheKey, entry: Entry): Promise<Uint8Array<ArrayBuffer>> {
  const { body, ...about } = entry
  const text = utf8(
    JSON.stringify({ ...about, tenant: key.tenant, request: base64Url(key.digest) } satisfies z.input<
      typeof head
    >),
  )
  const plain = new Uint8Array(LENGTH_BYTES + text.length + body.length)
  new DataView(plain.buffer).setUint32(0, text.length)
  plain.set(text, LENGTH_BYTES)
  plain.set(body, LENGTH_BYTES + text.length)
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES))
  const aes = await entryKey(secret, key, 'encrypt')
  const cipher = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv, additionalData: boundTo(key) },
    aes,
    plain,
  )
  const sealed = new Uint8Array(PREFIX_BYTES + cipher.byteLength)
  sealed[0] = LAYOUT
  sealed.set(iv, 1)
  sealed.set(new Uint8Array(cipher), PREFIX_BYTES)
  return sealed
}

/**
 * The entry of exactly this request and this tenant; `foreign` if it opens and names another, which nothing here can
 * have written. Undefined for whatever does not open.
 */
export async function unseal(
  secret: CryptoKey,
  key: CacheKey,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<Entry | 'foreign' | undefined> {
  if (sealed[0] !== LAYOUT) return undefined
  try {
    const aes = await entryKey(secret, key, 'decrypt')
    const iv = sealed.slice(1, PREFIX_BYTES)
    const algorithm = { name: 'AES-GCM', iv, additionalData: boundTo(key) }
    return opened(
      key,
      new Uint8Array(await crypto.subtle.decrypt(algorithm, aes, sealed.subarray(PREFIX_BYTES))),
    )
  } catch {
    return undefined // cut short, changed, or of another layout
  }
}

function opened(key: CacheKey, plain: Uint8Array<ArrayBuffer>): Entry | 'foreign' {
  const start = LENGTH_BYTES + new DataView(plain.buffer).getUint32(0)
  const { tenant, request, ...about } = head.parse(
    JSON.parse(decoder.decode(plain.subarray(LENGTH_BYTES, start))),
  )
  if (tenant !== key.tenant || request !== base64Url(key.digest)) return 'foreign'
  return { ...about, usage: about.usage, body: plain.subarray(start) }
}
