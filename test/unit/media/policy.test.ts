import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { toBase64 } from '../../../src/lib/base64.ts'
import { checkInlineImage } from '../../../src/media/data-url.ts'
import { fetchMedia } from '../../../src/media/fetch.ts'
import { checkMediaUrl, type MediaPolicy } from '../../../src/media/policy.ts'
import { FakeTimers, settle } from '../support/clock.ts'

const policy: MediaPolicy = {
  allowHosts: new Set(['127.0.0.1:9000', 'files.internal']),
  ownHost: 'gw.acme.dev',
}
const code = (work: () => void): string => {
  try {
    work()
    return 'ok'
  } catch (thrown) {
    return thrown instanceof GatewayError ? thrown.code : 'other'
  }
}
const at = (url: string) => ({ url, param: 'messages[0].content[0].image_url.url', kind: 'image' as const })

/** security.md 5 U, and the spellings that the WHATWG parser folds. */
describe('media URLs', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://127.0.0.1:8787/admin',
    'https://127.0.0.1/',
    'https://0x7f.1/',
    'https://2130706433/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://１２７.0.0.1/',
    'https://localhost/',
    'https://localhost./',
    'https://[::1]/',
    'https://[::ffff:7f00:1]/',
    'file:///etc/passwd',
    'gopher://x.dev/',
    'ftp://x.dev/',
    'javascript:alert(1)',
    'blob:https://x.dev/1',
    'https://api.openai.com@evil.dev/',
    'https://user:pw@host.dev/',
    'https://gw.acme.dev/v1/models',
    'https://intranet/',
    'https://x.internal/',
    'https://x.local/',
    'https://host.dev:8443/',
    'http://host.dev/',
    'not a url',
    '',
  ])('refuses %s', (url) => {
    expect(code(() => checkMediaUrl(at(url), policy))).toBe('invalid_image_url')
  })
  it.each([
    'https://cdn.host.dev/a.png?x=1',
    'https://例え.jp/a',
    'data:image/png;base64,AAAA',
    'http://127.0.0.1:9000/a.png',
    'http://files.internal/a',
  ])('accepts %s', (url) => {
    expect(code(() => checkMediaUrl(at(url), policy))).toBe('ok')
  })
})

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])
const inline = (bytes: Uint8Array, type = 'image/png'): string => `data:${type};base64,${toBase64(bytes)}`

describe('inline images', () => {
  it.each([
    ['an image', inline(PNG), 'ok'],
    ['an image under another label', inline(PNG, 'image/jpeg'), 'ok'],
    ['HTML under an image label (U-11)', inline(new TextEncoder().encode('<html><script>')), 'invalid_image'],
    ['SVG', inline(new TextEncoder().encode('<svg onload="x">'), 'image/svg+xml'), 'invalid_image'],
    ['no base64', 'data:image/png;base64,@@@@@@@@', 'invalid_image'],
    ['nothing', 'data:image/png;base64,', 'invalid_image'],
    ['no comma', 'data:image/png;base64', 'invalid_image'],
  ])('%s', (_, url, expected) => {
    expect(code(() => checkInlineImage(at(url)))).toBe(expected)
  })
})

describe('fetched media', () => {
  const fetcher = (answer: (url: string) => Response | Promise<Response>, timers = new FakeTimers()) => ({
    fetch: (request: Request) => Promise.resolve(answer(request.url)),
    timers,
    policy,
    limits: { maxBytes: 1_000, timeoutMs: 10_000 },
  })
  const load = (url: string, answer: (url: string) => Response | Promise<Response>, timers?: FakeTimers) =>
    fetchMedia(at(url), fetcher(answer, timers), new AbortController().signal)

  it('tells the type by the bytes, not by the header', async () => {
    const media = await load(
      'https://cdn.host.dev/a.gif',
      () => new Response(PNG, { headers: { 'content-type': 'image/gif' } }),
    )
    expect(media).toEqual({ mimeType: 'image/png', data: toBase64(PNG) })
  })
  it('checks every hop of a redirect', async () => {
    const answer = (url: string) =>
      url.endsWith('/a')
        ? new Response(null, { status: 302, headers: { location: 'http://169.254.169.254/x' } })
        : new Response(PNG)
    await expect(load('https://cdn.host.dev/a', answer)).rejects.toMatchObject({ code: 'invalid_image_url' })
  })
  it('follows a few redirects and no more', async () => {
    const hops = (limit: number) => (url: string) => {
      const hop = Number(new URL(url).searchParams.get('hop') ?? 0)
      return hop < limit
        ? new Response(null, { status: 302, headers: { location: `?hop=${hop + 1}` } })
        : new Response(PNG)
    }
    expect((await load('https://cdn.host.dev/a', hops(3))).mimeType).toBe('image/png')
    await expect(load('https://cdn.host.dev/a', hops(4))).rejects.toMatchObject({
      code: 'image_fetch_failed',
    })
  })
  it.each([
    ['what is no image', () => new Response('<html>'), 'invalid_image'],
    ['a missing file', () => new Response('no', { status: 404 }), 'image_fetch_failed'],
    [
      'a declared size above the limit',
      () => new Response(PNG, { headers: { 'content-length': '5000' } }),
      'image_too_large',
    ],
    ['more bytes than the limit', () => new Response(new Uint8Array(5_000)), 'image_too_large'],
  ])('refuses %s', async (_, answer, expected) => {
    await expect(load('https://cdn.host.dev/a', answer)).rejects.toMatchObject({ code: expected })
  })
  it('gives up after its time, and names the parameter', async () => {
    const timers = new FakeTimers()
    let signal: AbortSignal | undefined
    const hanging = {
      ...fetcher(() => new Response(), timers),
      fetch: (request: Request) => {
        signal = request.signal
        return new Promise<Response>((_, reject) =>
          request.signal.addEventListener('abort', () => reject(new Error('aborted'))),
        )
      },
    }
    const loading = expect(
      fetchMedia(at('https://cdn.host.dev/a'), hanging, new AbortController().signal),
    ).rejects.toMatchObject({
      code: 'image_fetch_failed',
      detail: { param: 'messages[0].content[0].image_url.url' },
    })
    await settle()
    await timers.advance(10_000)
    await loading
    expect(signal?.aborted).toBe(true)
    expect(timers.armed).toBe(0)
  })
})
