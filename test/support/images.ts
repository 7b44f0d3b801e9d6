import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The smallest valid PNG: one pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
export const PNG_URL = `data:image/png;base64,${PNG.toString('base64')}`

/** Half a second of silence, as a WAV file. */
export const WAV = wav(4_000)

function wav(samples: number): Buffer {
  const file = Buffer.alloc(44 + samples * 2)
  file.write('RIFF', 0)
  file.writeUInt32LE(36 + samples * 2, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(1, 22)
  file.writeUInt32LE(8_000, 24)
  file.writeUInt32LE(16_000, 28)
  file.writeUInt16LE(2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(samples * 2, 40)
  return file
}

export interface ImageHost {
  readonly origin: string
  readonly host: string
  /** The headers of every request for a file, in order. */
  readonly asked: NodeJS.Dict<string | string[]>[]
  close(): Promise<void>
}

/** A host of files: an image, a page that calls itself one, a redirect to the image, a redirect to elsewhere. */
export async function startImageHost(): Promise<ImageHost> {
  const asked: NodeJS.Dict<string | string[]>[] = []
  const server = createServer((request, response) => {
    asked.push(request.headers)
    const answer = ANSWERS[request.url ?? '']
    if (answer === undefined) response.writeHead(404).end()
    else response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    origin: `http://${host}`,
    host,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

interface FileAnswer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body?: Buffer | string
}
const ANSWERS: Readonly<Record<string, FileAnswer>> = {
  '/pixel.png': { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: PNG },
  '/page.png': { status: 200, headers: { 'content-type': 'image/png' }, body: '<html></html>' },
  '/moved.png': { status: 302, headers: { location: '/pixel.png' } },
  '/away.png': { status: 302, headers: { location: 'http://10.0.0.1/pixel.png' } },
}
