/** SHA-256 of texts in hexadecimal; lengths keep the texts apart. */
export async function sha256(...texts: readonly string[]): Promise<string> {
  const message = texts.map((text) => `${text.length}:${text}`).join('')
  return hex(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(message)))
}

export const hex = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
