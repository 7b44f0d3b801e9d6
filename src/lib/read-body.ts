/** The body was longer than allowed; what was read is discarded and the rest cancelled. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** Reads a body whole, at most `maxBytes`: what a header declares is checked first, what arrives is counted. */
export async function readBytes(
  source: {
    readonly headers: Headers
    readonly body: ReadableStream<Uint8Array> | null
    arrayBuffer(): Promise<ArrayBuffer>
  },
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(source.headers.get('content-length') ?? Number.NaN)
  if (declared > maxBytes) {
    await source.body?.cancel()
    throw new BodyTooLarge()
  }
  // A declared length is enforced by the runtime, so the native read is safe, and far cheaper.
  if (!Number.isNaN(declared) && !source.headers.has('content-encoding'))
    return new Uint8Array(await source.arrayBuffer())
  return source.body === null ? new Uint8Array() : readCounted(source.body, maxBytes)
}

async function readCounted(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.byteLength
    if (length > maxBytes) {
      await reader.cancel().catch(() => undefined)
      throw new BodyTooLarge()
    }
    chunks.push(value)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
