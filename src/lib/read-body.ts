/** The body was longer than allowed; what was read is discarded and the rest cancelled. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/**
 * Reads a body whole, at most `maxBytes`: what a header declares is checked first, what arrives is counted.
 * `take` hears of the bytes before they are kept, and may throw.
 */
export async function readBytes(
  source: {
    readonly headers: Headers
    readonly body: ReadableStream<Uint8Array> | null
    arrayBuffer(): Promise<ArrayBuffer>
  },
  maxBytes: number,
  take: (bytes: number) => void = () => undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(source.headers.get('content-length') ?? Number.NaN)
  if (declared > maxBytes) {
    await source.body?.cancel()
    throw new BodyTooLarge()
  }
  // A declared length is enforced by the runtime, so the native read is safe, and far cheaper.
  if (!Number.isNaN(declared) && !source.headers.has('content-encoding')) {
    take(declared)
    return new Uint8Array(await source.arrayBuffer())
  }
  return source.body === null ? new Uint8Array() : readCounted(source.body, maxBytes, take)
}

async function readCounted(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  take: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      length += value.byteLength
      if (length > maxBytes) throw new BodyTooLarge()
      take(value.byteLength)
      chunks.push(value)
    }
  } catch (thrown) {
    await reader.cancel(thrown).catch(() => undefined)
    throw thrown
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.byteLength
  }
  return whole
}
