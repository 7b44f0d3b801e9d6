import { chatFanOut } from '../../protocol/chat-fan-out.ts'
import type { ChatWire } from '../../protocol/chat.ts'
import type { Provider } from '../provider.ts'
import { translation } from '../provider.ts'
import { embeddings } from './embeddings.ts'
import { encodeChat } from './encode.ts'
import { classify } from './errors.ts'
import { images } from './images.ts'
import { isReadByGoogle } from './media.ts'
import { decodeChat } from './response.ts'
import { speech } from './speech.ts'
import { chatEvents } from './stream.ts'
import { billedTier } from './usage.ts'
import { transcription } from './transcriptions.ts'
import type { Answer } from './wire.ts'

/** Google's Gemini Developer API. The key goes into a header, never into the URL, where logs would keep it. */
export const gemini: Provider = {
  checkPath: '/v1beta/models?pageSize=1',
  authorize: (credential) => ({ 'x-goog-api-key': credential }),
  codecs: {
    chat: translation<ChatWire, Answer>({
      encode: encodeChat,
      decode: decodeChat,
      events: chatEvents,
      fanOut: chatFanOut,
      inlinesMedia: true,
      readsUrl: isReadByGoogle,
    }),
    embeddings,
    images,
    speech,
    transcriptions: transcription('transcribe'),
    translations: transcription('translate'),
  },
  servedTier: billedTier,
  dailyReset: 'pacific',
  classify: (status, headers, body) => classify(status, headers, body),
}
