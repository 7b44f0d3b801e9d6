/** Requests of the sizes that matter, as an SDK writes them: the model first. */
export interface Body {
  readonly name: string
  text(model: string): string
}

const SENTENCE = 'The quick brown fox jumps over the lazy dog while the gateway counts what it costs. '

const chat =
  (messages: readonly object[], extra: object = {}) =>
  (model: string): string =>
    JSON.stringify({ model, ...extra, messages, temperature: 1, user: 'user-1234' })

/** A conversation of `turns` turns, `repeat` sentences each. */
function conversation(turns: number, repeat: number): readonly object[] {
  return [
    { role: 'system', content: 'You are a helpful assistant that answers briefly.' },
    ...Array.from({ length: turns }, (_, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content: SENTENCE.repeat(repeat),
    })),
  ]
}

/** Looks like a PNG to whoever reads its first bytes. */
function image(bytes: number): string {
  const pixels = Buffer.alloc(bytes, 0x5a)
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]).copy(pixels)
  return `data:image/png;base64,${pixels.toString('base64')}`
}

const picture = [
  {
    role: 'user',
    content: [
      { type: 'text', text: 'What is in this picture?' },
      { type: 'image_url', image_url: { url: image(3_145_728) } },
    ],
  },
]

export const small: Body = { name: '1 KB', text: chat(conversation(3, 3)) }
export const large: Body = { name: '100 KB', text: chat(conversation(49, 24)) }
export const multimodal: Body = { name: '4 MB multimodal', text: chat(picture) }
/** Usage is asked for, as the newer SDKs do: every event goes through as it came. */
export const stream: Body = {
  name: 'stream',
  text: chat(conversation(3, 3), { stream: true, stream_options: { include_usage: true } }),
}
/** Usage is not asked for: the gateway asks for its own books, and takes it out of every event again. */
export const plainStream: Body = {
  name: 'stream, usage not asked for',
  text: chat(conversation(3, 3), { stream: true }),
}

/** A body as the bytes of an HTTP request. */
export function httpRequest(text: string, key = 'gateway-key-of-the-bench'): Uint8Array {
  const body = Buffer.from(text)
  const head = [
    'POST /v1/chat/completions HTTP/1.1',
    'host: localhost',
    'content-type: application/json',
    'accept: application/json',
    'user-agent: OpenAI/JS 7.57.0',
    `authorization: Bearer ${key}`,
    `content-length: ${body.byteLength}`,
    '',
    '',
  ].join('\r\n')
  return Buffer.concat([Buffer.from(head), body])
}
