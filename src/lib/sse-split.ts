const CARRIAGE_RETURN = 13
const SPACE = 32
const BRACKET = 91
const BRACE = 123

/** One server-sent event: the joined `data` lines, and its text as it came, blank line included. */
export type OnEvent = (data: string, raw: string) => void

/**
 * Cuts a text stream into whole server-sent events, whatever the chunk borders: LF, CRLF or CR, several `data`
 * lines, comments, an unterminated last event. Two liberties that real upstreams demand:
 * - a JSON text without `data:` (Google's errors inside a 200 stream) counts as data (gemini.md 1.4);
 * - comments, also those wrongly sent as `data: : keep-alive`, vanish (known bug 66).
 */
export class SseSplitter {
  readonly #onEvent: OnEvent
  readonly #maxEventChars: number
  /** Unfinished text; kept in pieces while no line ends in them, so that a huge event costs no copying. */
  #pieces: string[] = []
  #held = 0
  #data: string | undefined
  #stray: string | undefined
  #raw = ''

  constructor(onEvent: OnEvent, maxEventChars: number) {
    this.#onEvent = onEvent
    this.#maxEventChars = maxEventChars
  }

  /** Nothing unfinished is held back. */
  get empty(): boolean {
    return this.#held === 0 && this.#raw === ''
  }

  feed(text: string): void {
    this.#held += text.length
    if (this.#held + this.#raw.length > this.#maxEventChars) throw new EventTooLarge(this.#maxEventChars)
    this.#pieces.push(text)
    if (text.includes('\n') || text.includes('\r')) this.#lines(false)
  }

  /** The upstream has ended: what is left counts as a whole event. */
  finish(): void {
    if (this.#held > 0 || this.#raw !== '') {
      this.#pieces.push('\n\n')
      this.#lines(true)
    }
    this.#dispatch()
  }

  #lines(last: boolean): void {
    const text = this.#pieces.join('')
    const hasReturn = text.includes('\r')
    let from = 0
    let eventFrom = 0
    for (;;) {
      const feed = text.indexOf('\n', from)
      const end = hasReturn ? earlierReturn(text, from, feed) : feed
      if (end < 0) break
      if (!last && isOpenReturn(text, end)) break // a line feed may follow in the next chunk
      const next = feed === end + 1 ? end + 2 : end + 1
      if (end === from) {
        this.#raw += text.slice(eventFrom, next)
        this.#dispatch()
        eventFrom = next
      } else this.#line(text, from, end)
      from = next
    }
    this.#raw += text.slice(eventFrom, from)
    const rest = from === 0 ? text : text.slice(from)
    this.#pieces = rest === '' ? [] : [rest]
    this.#held = rest.length
  }

  #line(text: string, from: number, end: number): void {
    if (text.startsWith('data:', from)) {
      const value = text.slice(text.charCodeAt(from + 5) === SPACE ? from + 6 : from + 5, end)
      if (!value.startsWith(':')) this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
      return
    }
    const first = text.charCodeAt(from)
    if (this.#stray !== undefined || first === BRACE || first === BRACKET) {
      this.#stray = `${this.#stray ?? ''}${text.slice(from, end)}\n`
    }
  }

  #dispatch(): void {
    const data = this.#data ?? this.#stray
    const raw = this.#raw
    this.#data = undefined
    this.#stray = undefined
    this.#raw = ''
    if (data !== undefined && data !== '') this.#onEvent(data, raw)
  }
}

/** The end of the line that begins at `from`: a carriage return may come before the line feed at `feed`. */
function earlierReturn(text: string, from: number, feed: number): number {
  const carriage = text.indexOf('\r', from)
  return carriage >= 0 && (feed < 0 || carriage < feed) ? carriage : feed
}

const isOpenReturn = (text: string, at: number): boolean =>
  at === text.length - 1 && text.charCodeAt(at) === CARRIAGE_RETURN

export class EventTooLarge extends Error {
  override readonly name = 'EventTooLarge'
  constructor(maxEventChars: number) {
    super(`A single event of the upstream's stream exceeds ${maxEventChars} characters.`)
  }
}
