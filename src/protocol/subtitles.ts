import type { Segment } from './transcriptions.ts'

const FORMATS: Readonly<Record<string, (segments: readonly Segment[]) => string>> = {
  srt: (segments) =>
    segments
      .map(
        ({ start, end, text }, i) =>
          `${i + 1}\n${clock(start, ',')} --> ${clock(end, ',')}\n${lines(text)}\n\n`,
      )
      .join(''),
  vtt: (segments) =>
    `WEBVTT\n\n${segments
      .map(({ start, end, text }) => `${clock(start, '.')} --> ${clock(end, '.')}\n${lines(text)}\n\n`)
      .join('')}`,
}

/** Segments as a file of subtitles; undefined for a format that is none. */
export function subtitles(format: string, segments: readonly Segment[]): string | undefined {
  return Object.hasOwn(FORMATS, format) ? FORMATS[format]?.(segments) : undefined
}

/** A blank line would end the subtitle, and an arrow begin another. */
const lines = (text: string): string =>
  text
    .trim()
    .replaceAll(/\n\s*\n/g, '\n')
    .replaceAll('-->', '→')

function clock(seconds: number, point: string): string {
  const ms = Math.round(seconds * 1_000)
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const hours = two(ms / 3_600_000)
  return `${hours}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}${point}${String(ms % 1_000).padStart(3, '0')}`
}
