import { expect, it } from 'vitest'
import { subtitles } from '../../../src/protocol/subtitles.ts'

const SEGMENTS = [
  { id: 0, start: 0, end: 1.5, text: 'One.' },
  { id: 1, start: 3_661.0004, end: 3_662.9996, text: 'Two --> three\n\nfour' },
]

it('are numbered and timed in srt', () => {
  expect(subtitles('srt', SEGMENTS)).toBe(
    '1\n00:00:00,000 --> 00:00:01,500\nOne.\n\n2\n01:01:01,000 --> 01:01:03,000\nTwo → three\nfour\n\n',
  )
})
it('begin with their name in vtt', () => {
  expect(subtitles('vtt', SEGMENTS)).toMatch(/^WEBVTT\n\n00:00:00\.000 --> 00:00:01\.500\nOne\.\n\n01:/)
})
it('are of no other format', () => expect(subtitles('json', SEGMENTS)).toBeUndefined())
