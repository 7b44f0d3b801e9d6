import type { Call } from '../../gateway/types.ts'
import { longestSeconds } from '../../lib/audio.ts'
import type { EndpointId, Wires } from '../../protocol/index.ts'
import type { PicturesAsked } from './pictures.ts'
import type { TranscriptionRequest } from '../../protocol/transcriptions.ts'

/** What of a call may be billed by measure, each the most that it can come to; absent: nothing. */
export interface Measures {
  /** Of sound. */
  readonly seconds?: number
  /** Unicode code points to be spoken. */
  readonly characters?: number
  readonly images?: number
  /** Of what kind. */
  readonly pictures?: PicturesAsked
}

/** Slower than any voice reads, and at the slowest speed that may be asked for. */
const SECONDS_PER_CHARACTER = 1
/** OpenAI's limit for a file (openai.md 4.2). */
const MAX_FILE_BYTES = 25 * 1_048_576

type Sent<E extends EndpointId> = Pick<Call<E>, 'raw'> & { readonly request: Wires[E]['request'] }
type Measurer<E extends EndpointId> = (sent: Sent<E>) => Measures

const MEASURERS: { readonly [E in EndpointId]?: Measurer<E> } = {
  speech: ({ request: { input } }) => {
    const characters = Array.from(input).length
    return { characters, seconds: characters * SECONDS_PER_CHARACTER }
  },
  transcriptions: heard,
  translations: heard,
  images: ({ request: { n, size, quality, partial_images: partial } }) => ({
    images: n ?? 1,
    pictures: { size, quality, partial },
  }),
}

/** A file that nobody has read may be as long as any. */
function heard({
  request: { file },
  raw,
}: Pick<Call<'transcriptions'>, 'raw'> & { readonly request: TranscriptionRequest }): Measures {
  const bytes = raw.kind === 'unread' ? MAX_FILE_BYTES : file.content.byteLength
  return { seconds: Math.ceil(longestSeconds(file.head, bytes)) }
}

export function measuresOf<E extends EndpointId>({ endpoint, ...sent }: Call<E>): Measures {
  return MEASURERS[endpoint]?.(sent) ?? {}
}
