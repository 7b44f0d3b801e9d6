/** `String.fromCharCode` takes its bytes as arguments, and the engine limits how many. A multiple of 3: no padding inside. */
const CHUNK = 0x6000

/** Standard base64, padded. */
export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += CHUNK)
    text += btoa(String.fromCharCode(...bytes.subarray(i, i + CHUNK)))
  return text
}

/** The first `count` bytes of a base64 text, one character each (Latin-1); undefined if it is no base64. */
export function base64Head(text: string, count: number): string | undefined {
  const head = text
    .slice(0, Math.ceil(count / 3) * 4 + 8)
    .replaceAll('-', '+')
    .replaceAll('_', '/')
    .replaceAll(/\s/g, '')
  try {
    return atob(head.slice(0, head.length - (head.length % 4))).slice(0, count)
  } catch {
    return undefined
  }
}

/** Throws for what is no base64. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const latin = atob(text)
  const bytes = new Uint8Array(latin.length)
  for (let i = 0; i < latin.length; i++) bytes[i] = latin.charCodeAt(i)
  return bytes
}
