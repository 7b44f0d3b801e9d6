/**
 * Bytes that need no reading, relayed as they come. If the upstream breaks, the body breaks too, so that the client
 * sees a truncated answer and not a short one.
 */
export function countBytes(
  upstream: ReadableStream<Uint8Array>,
  watch: { readonly onCancel: () => void; readonly see?: ((bytes: Uint8Array) => void) | undefined },
): {
  readonly bytes: ReadableStream<Uint8Array>
  readonly finished: Promise<'complete' | 'cancelled' | 'cut-short'>
} {
  const reader = upstream.getReader()
  const { promise, resolve } = Promise.withResolvers<'complete' | 'cancelled' | 'cut-short'>()
  const bytes = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read()
          if (!done) {
            watch.see?.(value)
            return controller.enqueue(value)
          }
          controller.close()
          resolve('complete')
        } catch (thrown) {
          resolve('cut-short')
          controller.error(thrown)
        }
      },
      async cancel(reason) {
        resolve('cancelled')
        watch.onCancel()
        await reader.cancel(reason).catch(() => undefined)
      },
    },
    { highWaterMark: 0 },
  )
  return { bytes, finished: promise }
}
