/** A PNG of one pixel. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** Signed 16-bit little-endian mono: as long as speaking takes, at 24 kHz. */
export function pcm(text: string, rate = 24_000): Uint8Array<ArrayBuffer> {
  const samples = secondsOf(text) * rate
  const bytes = new Uint8Array(samples * 2)
  for (let at = 0; at < samples; at++) bytes[at * 2] = at % 251
  return bytes
}

/** Whole seconds, at fifteen characters a second. */
export function secondsOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / 15))
}

export function wav(samples: Uint8Array, rate = 24_000): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + samples.length)
  const view = new DataView(bytes.buffer)
  for (const [at, tag] of [
    [0, 'RIFF'],
    [8, 'WAVE'],
    [12, 'fmt '],
    [36, 'data'],
  ] as const)
    for (let index = 0; index < 4; index++) bytes[at + index] = tag.charCodeAt(index)
  view.setUint32(4, 36 + samples.length, true)
  view.setUint32(16, 16, true)
  view.setUint16(20, 1, true)
  view.setUint16(22, 1, true)
  view.setUint32(24, rate, true)
  view.setUint32(28, rate * 2, true)
  view.setUint16(32, 2, true)
  view.setUint16(34, 16, true)
  view.setUint32(40, samples.length, true)
  bytes.set(samples, 44)
  return bytes
}

export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x6000)
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + 0x6000)))
  return text
}
