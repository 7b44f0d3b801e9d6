import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../src/errors.ts'
import { gemini } from '../../../src/providers/gemini/index.ts'
import type { ContextOptions } from './support.ts'
import { encodeMessages, refused, NEWEST, OLD, user } from './support.ts'

const parts = (part: unknown, options: ContextOptions = {}) =>
  encodeMessages([user([part])], options).body.contents[0]?.parts
const image = (url: unknown, rest = {}) => ({ type: 'image_url', image_url: { url, ...rest } })
const file = (rest: object) => ({ type: 'file', file: rest })
const png = 'data:image/png;base64,AAAA'

const chatCodec = gemini.codecs.chat
const readsUrl = (url: string) => chatCodec?.kind === 'translation' && chatCodec.readsUrl?.(url) === true

describe('content parts', () => {
  test('[gemini 4.2 text part] empty text is skipped', () => {
    expect(parts({ type: 'text', text: 'x' })).toEqual([{ text: 'x' }])
    expect(
      encodeMessages([
        user([
          { type: 'text', text: '' },
          { type: 'text', text: 'x' },
        ]),
      ]).body.contents[0]?.parts,
    ).toEqual([{ text: 'x' }])
  })
  test.each([
    [png, 'image/png', 'AAAA'],
    ['data:image/jpg;base64,AAAA', 'image/jpeg', 'AAAA'],
    ['DATA:IMAGE/WEBP;BASE64,AAAA', 'image/webp', 'AAAA'],
    ['data:image/png;name=x.png;base64,AAAA', 'image/png', 'AAAA'],
    ['data:image/heic;base64,AA-_', 'image/heic', 'AA+/'],
    ['data:image/png;base64,AA\r\nAA', 'image/png', 'AAAA'],
    ['data:image/png;base64,AAA', 'image/png', 'AAA='],
    ['data:image/png;base64,AA%2BA', 'image/png', 'AA+A'],
    ['data:image/png,abc', 'image/png', 'YWJj'],
  ])('[gemini 4.2 image_url data] %s', (url, mimeType, data) => {
    expect(parts(image(url))).toEqual([{ inlineData: { mimeType, data } }])
  })
  test('[gemini 4.2 image_url http] [gemini-trap 99] [known-bug 37] is the bytes that were fetched, with their type and not the name’s', () => {
    const url = 'https://example.org/picture.gif'
    const media = new Map([[url, { mimeType: 'image/png; charset=binary', data: 'BBBB' }]])
    expect(parts(image(url), { media })).toEqual([{ inlineData: { mimeType: 'image/png', data: 'BBBB' } }])
  })
  test.each([
    'https://example.org/a.png',
    'https://youtube.com.example.org/watch?v=a',
    'https://example.org/?https://youtu.be/a',
    'http://youtu.be/a',
    'https://generativelanguage.googleapis.com/v1beta/files/../models',
    'https://generativelanguage.googleapis.com.example.org/v1beta/files/a',
  ])('nobody but us resolves %s', (url) => expect(readsUrl(url)).toBe(false))
  test('[gemini-trap 100] [known-bug 38] a URL that was not fetched is refused, never dropped or passed on', () =>
    expect(refused({ messages: [user([image('https://example.org/a.png')])] })).toEqual({
      code: 'invalid_image_url',
      param: 'messages[0].content[0].image_url.url',
    }))
  test.each([
    'https://www.youtube.com/watch?v=abc',
    'https://youtu.be/abc',
    'https://generativelanguage.googleapis.com/v1beta/files/abc-1',
  ])('[gemini 4.2 image_url Files API, YouTube] goes untouched: %s', (url) => {
    expect(parts(image(url))).toEqual([{ fileData: { fileUri: url } }])
    expect(parts({ type: 'video_url', video_url: { url } })).toEqual([{ fileData: { fileUri: url } }])
  })
  test.each([
    ['low', 'MEDIA_RESOLUTION_LOW'],
    ['high', 'MEDIA_RESOLUTION_HIGH'],
    ['original', 'MEDIA_RESOLUTION_ULTRA_HIGH'],
    ['auto', undefined],
  ])('[gemini 4.2 image_url.detail] %s from generation 3 on', (detail, level) => {
    expect(parts(image(png, { detail }))?.[0]?.mediaResolution).toEqual(level && { level })
    const older = encodeMessages([user([image(png, { detail })])], { on: OLD })
    expect(older.body.contents[0]?.parts[0]?.mediaResolution).toBeUndefined()
    expect(older.adapted).toEqual(level ? ['image_url.detail=dropped'] : [])
  })
  test.each([
    ['wav', 'audio/wav'],
    ['mp3', 'audio/mp3'],
    ['flac', 'audio/flac'],
    ['m4a', 'audio/m4a'],
    ['pcm16', 'audio/l16;rate=24000'],
  ])('[gemini 4.2 input_audio] [gemini-trap 101] %s', (format, mimeType) =>
    expect(parts({ type: 'input_audio', input_audio: { data: 'AAAA', format } })).toEqual([
      { inlineData: { mimeType, data: 'AAAA' } },
    ]),
  )
  test('[gemini 4.2 file_data]', () => {
    expect(parts(file({ file_data: 'data:application/pdf;base64,AAAA', filename: 'x.bin' }))).toEqual([
      { inlineData: { mimeType: 'application/pdf', data: 'AAAA' } },
    ])
    expect(parts(file({ file_data: 'AAAA', filename: 'report.PDF' }))).toEqual([
      { inlineData: { mimeType: 'application/pdf', data: 'AAAA' } },
    ])
  })
  test('[gemini 4.2 file_id] only what the Files API holds', () => {
    const uri = 'https://generativelanguage.googleapis.com/v1beta/files/abc'
    expect(parts(file({ file_id: 'files/abc', filename: 'a.pdf' }))).toEqual([
      { fileData: { fileUri: uri, mimeType: 'application/pdf' } },
    ])
    expect(parts(file({ file_id: uri }))).toEqual([{ fileData: { fileUri: uri } }])
  })
  test('[gemini 4.2 video_url]', () => {
    expect(parts({ type: 'video_url', video_url: { url: 'data:video/mp4;base64,AAAA' } })).toEqual([
      { inlineData: { mimeType: 'video/mp4', data: 'AAAA' } },
    ])
    const media = new Map([['https://example.org/v', { mimeType: 'video/webm', data: 'AAAA' }]])
    expect(parts({ type: 'video_url', video_url: { url: 'https://example.org/v' } }, { media })).toEqual([
      { inlineData: { mimeType: 'video/webm', data: 'AAAA' } },
    ])
  })
  test('a file far larger than the head of its data URL', () => {
    const data = 'QUJD'.repeat(500_000)
    expect(parts(image(`data:image/png;base64,${data}`))).toEqual([
      { inlineData: { mimeType: 'image/png', data } },
    ])
  })

  const at = 'messages[0].content[0]'
  test.each<[unknown, ErrorCode, string]>([
    [image('data:image/gif;base64,AAAA'), 'invalid_image', `${at}.image_url.url`],
    [image('data:image/svg+xml;base64,AAAA'), 'invalid_image', `${at}.image_url.url`],
    [image('data:audio/wav;base64,AAAA'), 'invalid_image', `${at}.image_url.url`],
    [image('data:image/png;base64,A'), 'invalid_image_url', `${at}.image_url.url`],
    [image('data:image/png;base64,!!!!'), 'invalid_image_url', `${at}.image_url.url`],
    [image('data:image/png;base64,'), 'invalid_image_url', `${at}.image_url.url`],
    [image('data:image/png'), 'invalid_image_url', `${at}.image_url.url`],
    [image('data:image/png,%E0%A4%A'), 'invalid_image_url', `${at}.image_url.url`],
    [image('data:,x'), 'invalid_image', `${at}.image_url.url`],
    [image('ftp://example.org/a.png'), 'invalid_image_url', `${at}.image_url.url`],
    [image('file:///etc/passwd'), 'invalid_image_url', `${at}.image_url.url`],
    [image('gs://bucket/a.png'), 'invalid_image_url', `${at}.image_url.url`],
    [image(''), 'invalid_value', `${at}.image_url.url`],
    [image(7), 'invalid_type', `${at}.image_url.url`],
    [image(png, { detail: 'huge' }), 'invalid_value', `${at}.image_url.detail`],
    [image(png, { detail: 1 }), 'invalid_type', `${at}.image_url.detail`],
    [{ type: 'image_url' }, 'missing_required_parameter', `${at}.image_url`],
    [{ type: 'image_url', image_url: png }, 'invalid_type', `${at}.image_url`],
    [
      { type: 'input_audio', input_audio: { data: 'AAAA', format: 'midi' } },
      'unsupported_value',
      `${at}.input_audio.format`,
    ],
    [
      { type: 'input_audio', input_audio: { data: '???', format: 'wav' } },
      'invalid_value',
      `${at}.input_audio.data`,
    ],
    [
      { type: 'input_audio', input_audio: { format: 'wav' } },
      'missing_required_parameter',
      `${at}.input_audio.data`,
    ],
    [{ type: 'input_audio', input_audio: null }, 'invalid_type', `${at}.input_audio`],
    [file({ file_id: 'file-abc' }), 'unsupported_value', `${at}.file.file_id`],
    [file({ file_data: 'AAAA', filename: 'letter.docx' }), 'unsupported_value', `${at}.file.filename`],
    [file({ file_data: 'data:application/zip;base64,AAAA' }), 'unsupported_value', `${at}.file.file_data`],
    [file({}), 'missing_required_parameter', `${at}.file.file_data`],
    [{ type: 'file' }, 'missing_required_parameter', `${at}.file`],
    [
      { type: 'video_url', video_url: { url: 'data:image/png;base64,AAAA' } },
      'unsupported_value',
      `${at}.video_url.url`,
    ],
    [{ type: 'video_url', video_url: {} }, 'missing_required_parameter', `${at}.video_url.url`],
  ])('bad media is refused by its path: %j', (part, code, param) =>
    expect(refused({ messages: [user([part])] })).toEqual({ code, param }),
  )
  test('[gemini-trap 102] order of pictures and text is kept', () => {
    const list = encodeMessages(
      [user([{ type: 'text', text: 'a' }, image(png), { type: 'text', text: 'b' }])],
      { on: NEWEST },
    ).body.contents[0]?.parts
    expect(list).toEqual([
      { text: 'a' },
      { inlineData: { mimeType: 'image/png', data: 'AAAA' } },
      { text: 'b' },
    ])
  })
})
