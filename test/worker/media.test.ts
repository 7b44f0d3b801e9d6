import { describe, expect, test } from 'vitest'
import type { GatewayError } from '../../src/errors.ts'
import { fetchMedia, type MediaFetcher } from '../../src/media/fetch.ts'
import { bench, chat, DEPLOYMENTS, expectRefusal, fakeTimers, settle } from './support.ts'

const PARAM = 'messages[0].content[0].image_url.url'
const withImage = (url: unknown, model = 'gpt-4o-mini') => ({
  model,
  messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
})
const bytes = (text: string) => btoa(text)
const PNG = bytes('\x89PNG\r\n\x1a\n0000000000')

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  'U-01 link-local': [
    'http://169.254.169.254/latest/meta-data',
    'https://169.254.169.254/latest/meta-data',
    'https://[fe80::1]/',
    'https://metadata.google.internal/computeMetadata/v1/',
  ],
  'U-02 loopback and private': [
    'http://127.0.0.1:8787/admin',
    'https://localhost./',
    'https://localhost/',
    'https://app.localhost/',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://017700000001/',
    'https://１２７.０.０.１/',
    'https://127.1/',
    'https://0/',
    'https://10.0.0.1/',
    'https://192.168.1.1/',
    'https://[fd00::1]/',
    'https://8.8.8.8/',
  ],
  'U-04 schemes': [
    'file:///etc/passwd',
    'gopher://example.com/',
    'ftp://example.com/a.png',
    'javascript:alert(1)',
    'blob:https://example.com/1',
    'http://images.acme.com/a.png',
    'about:blank',
    'ws://images.acme.com/',
    ' data:image/png;base64,AAAA',
    'DATA:text/html,x',
    'not a url',
    '//images.acme.com/a.png',
    '',
  ],
  'U-05 credentials in the URL': [
    'https://api.openai.com@evil.example/',
    'https://user:pw@images.acme.com/',
    'https://:pw@images.acme.com/',
    'https://user@images.acme.com/',
  ],
  'U-07 our own host': [
    'https://gw.acme.dev/v1/models',
    'https://GW.ACME.DEV/',
    'https://gw.acme.dev./',
    'https://gw.acme.dev:8443/',
  ],
  'U-08 names of a private network': [
    'https://intranet/',
    'https://x.internal/',
    'https://x.local/',
    'https://x.LOCAL/',
    'https://nas.lan/',
    'https://x.home.arpa/',
    'https://images.acme.com:6379/',
  ],
}

describe('security.md 5, U: URLs and media', () => {
  const rows = Object.entries(REFUSED).flatMap(([id, urls]) => urls.map((url) => ({ id, url })))
  test.each(rows)('$id: $url', async ({ url }) => {
    const gateway = bench()
    await expectRefusal(gateway, await gateway.fetch(chat(withImage(url))), {
      status: 400,
      code: 'invalid_image_url',
      param: PARAM,
    })
  })

  test('every image is checked, and the error names which', async () => {
    const gateway = bench()
    const messages = [
      { role: 'system', content: 'x' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'look' },
          { type: 'image_url', image_url: { url: 'https://images.acme.com/a.png' } },
          { type: 'image_url', image_url: { url: 'https://127.0.0.1/' } },
        ],
      },
    ]
    await expectRefusal(gateway, await gateway.fetch(chat({ messages })), {
      status: 400,
      code: 'invalid_image_url',
      param: 'messages[1].content[2].image_url.url',
    })
  })

  test('a public https URL passes to OpenAI untouched, and nobody fetches it', async () => {
    const gateway = bench()
    const body = withImage('https://images.acme.com/a.png?w=1#x')
    expect((await gateway.fetch(chat(body))).status).toBe(200)
    expect(gateway.received[0]?.body).toBe(JSON.stringify(body))
    expect(gateway.strays).toEqual([])
  })

  test('FETCH_ALLOW_HOSTS names hosts that are exempt, and only those', async () => {
    const gateway = bench({
      variables: { ...DEPLOYMENTS.gateway, FETCH_ALLOW_HOSTS: 'localhost:9000, files.local' },
    })
    const status = async (url: string) => (await gateway.fetch(chat(withImage(url)))).status
    expect(await status('http://localhost:9000/a.png')).toBe(200)
    expect(await status('https://files.local/a.png')).toBe(200)
    expect(await status('http://localhost:9001/a.png')).toBe(400)
    expect(await status('https://other.local/a.png')).toBe(400)
    expect(await status('file://files.local/a.png')).toBe(400)
    expect(await status('http://user@localhost:9000/a.png')).toBe(400)
  })

  test.each([
    ['HTML', `data:image/png;base64,${bytes('<!doctype html><script>alert(1)</script>')}`],
    ['SVG', `data:image/svg+xml;base64,${bytes('<svg onload="alert(1)"></svg>')}`],
    ['SVG that is not base64', 'data:image/svg+xml,<svg onload="alert(1)"></svg>'],
    ['HTML that is not base64', 'data:text/html,<script>alert(1)</script>'],
    ['nothing', 'data:image/png;base64,'],
    ['no base64 at all', 'data:image/png;base64,%%%%'],
    ['no comma', 'data:image/png;base64'],
    ['nothing but a scheme', 'data:'],
    ['a PDF', `data:image/png;base64,${bytes('%PDF-1.7 0000000000')}`],
    ['many parameters', `data:${';a=b'.repeat(100_000)},`],
  ])('U-11 a data URL with %s', async (_, url) => {
    const gateway = bench()
    await expectRefusal(gateway, await gateway.fetch(chat(withImage(url))), {
      status: 400,
      code: 'invalid_image',
      param: PARAM,
    })
  })

  test.each([
    ['plainly', `data:image/png;base64,${PNG}`],
    ['with a parameter', `data:image/png;name=a.png;base64,${PNG}`],
    ['in capitals', `data:IMAGE/PNG;BASE64,${PNG}`],
    ['with a wrong label', `data:image/jpeg;base64,${PNG}`],
  ])('an image in a data URL passes %s', async (_, url) => {
    const gateway = bench()
    await gateway.fetch(chat(withImage(url)))
    expect(gateway.received[0]?.body).toContain(url)
  })

  test.each([5, null, {}, ['https://127.0.0.1/']])(
    'an image URL that is %j is left to the provider',
    async (url) => {
      const gateway = bench()
      const body = withImage(url)
      await gateway.fetch(chat(body))
      expect(gateway.received[0]?.body).toBe(JSON.stringify(body))
    },
  )

  test('U-13 an image URL for Gemini is fetched under guard', async () => {
    const gateway = bench()
    const response = await gateway.fetch(chat(withImage('https://images.acme.com/a.png', 'gemini-2.5-flash')))
    expect(gateway.strays).toEqual(['images.acme.com'])
    gateway.strays.length = 0
    await expectRefusal(gateway, response, { status: 400, code: 'image_fetch_failed', param: PARAM })
  })
})

describe('U-10 the guarded fetch', () => {
  const reference = { url: 'https://images.acme.com/a.png', param: PARAM, kind: 'image' as const }
  const fetching = (
    answer: (request: Request) => Promise<Response> | Response,
    more: Partial<MediaFetcher> = {},
  ) => {
    const seen: Request[] = []
    const timers = fakeTimers()
    const controller = new AbortController()
    const result = fetchMedia(
      reference,
      {
        timers,
        policy: { allowHosts: new Set(), ownHost: 'gw.acme.dev' },
        limits: { maxBytes: 1_000, timeoutMs: 5_000 },
        fetch: async (request) => {
          seen.push(request)
          return answer(request)
        },
        ...more,
      },
      controller.signal,
    ).catch((error: GatewayError) => ({ code: error.code, param: error.detail.param }))
    return { seen, timers, controller, result }
  }
  const image = (size: number) => {
    const data = new Uint8Array(size)
    data.set(Uint8Array.from('\x89PNG\r\n\x1a\n', (each) => each.charCodeAt(0)))
    return data
  }

  test('an image comes back with the type of its bytes, asked for without credentials', async () => {
    const { seen, result } = fetching(
      () => new Response(image(500), { headers: { 'content-type': 'text/html' } }),
    )
    expect(await result).toMatchObject({ mimeType: 'image/png' })
    expect([...(seen[0]?.headers.keys() ?? [])]).toEqual(['accept'])
  })

  test('a body without end is cut off at the limit', async () => {
    let sent = 0
    let cancelled = false
    const endless = new ReadableStream({
      pull(controller) {
        sent += 100
        controller.enqueue(image(100))
      },
      cancel() {
        cancelled = true
      },
    })
    const { result } = fetching(() => new Response(endless))
    expect(await result).toEqual({ code: 'image_too_large', param: PARAM })
    expect(sent).toBeLessThan(1_500)
    expect(cancelled).toBe(true)
  })

  test('a body that announces too much is not read', async () => {
    const { result } = fetching(() => new Response(image(2_000), { headers: { 'content-length': '2000' } }))
    expect(await result).toEqual({ code: 'image_too_large', param: PARAM })
  })

  test('a host that never answers is given up in time', async () => {
    const { timers, result } = fetching(
      (request) =>
        new Promise((_, reject) => {
          request.signal.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    )
    await timers.advance(5_000)
    expect(await result).toEqual({ code: 'image_fetch_failed', param: PARAM })
  })

  test('a body that stops in the middle is given up in time', async () => {
    const { timers, result } = fetching(
      (request) =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(image(10))
              request.signal.addEventListener('abort', () => controller.error(new Error('aborted')))
            },
          }),
        ),
    )
    await settle()
    await timers.advance(5_000)
    expect(await result).toEqual({ code: 'image_fetch_failed', param: PARAM })
  })

  test.each([
    ['to loopback', 'https://127.0.0.1/'],
    ['to plain http', 'http://images.acme.com/'],
    ['to a file', 'file:///etc/passwd'],
    ['to ourselves', 'https://gw.acme.dev/v1/models'],
    ['with credentials', 'https://user:pw@images.acme.com/'],
  ])('a redirect %s is not followed', async (_, location) => {
    const { seen, result } = fetching(() => new Response(null, { status: 302, headers: { location } }))
    expect(await result).toEqual({ code: 'invalid_image_url', param: PARAM })
    expect(seen).toHaveLength(1)
  })

  test('a few redirects are followed, a loop is not', async () => {
    const good = fetching((request) =>
      request.url.endsWith('/b')
        ? new Response(image(100))
        : new Response(null, { status: 307, headers: { location: '/b' } }),
    )
    expect(await good.result).toMatchObject({ mimeType: 'image/png' })
    const loop = fetching(() => new Response(null, { status: 302, headers: { location: '/a.png' } }))
    expect(await loop.result).toEqual({ code: 'image_fetch_failed', param: PARAM })
    expect(loop.seen).toHaveLength(4)
  })

  test.each([403, 404, 500])('status %i is a failed fetch', async (status) => {
    const { result } = fetching(() => new Response('no', { status }))
    expect(await result).toEqual({ code: 'image_fetch_failed', param: PARAM })
  })

  test.each(['<html></html>', '<svg/>', ''])('%j is no image', async (body) => {
    const { result } = fetching(() => new Response(body, { headers: { 'content-type': 'image/png' } }))
    expect(await result).toEqual({ code: 'invalid_image', param: PARAM })
  })
})
