import { toBase64 } from './base64.ts'

/** Numbers as the official SDKs unpack them: little-endian float32, in base64. */
export function packFloats(values: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(values.length * 4))
  for (const [i, value] of values.entries()) view.setFloat32(i * 4, value, true)
  return toBase64(new Uint8Array(view.buffer))
}
