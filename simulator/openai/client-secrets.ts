import { randomId } from '../answer.ts'
import { objectOf, parseJson, textOf } from '../json.ts'
import type { Exchange, Reply } from '../types.ts'
import { modelOn } from './endpoint.ts'
import { invalid, missing } from './errors.ts'

/** openai.md 6.7: 201, and where the call can be steered from. The answer quotes the offer. */
export function calls(exchange: Exchange): Reply {
  const form = objectOf(exchange.json)
  const session = objectOf(parseJson(textOf(form['session'])))
  const named = textOf(session['model']) || exchange.url.searchParams.get('model') || 'gpt-realtime-2.1'
  modelOn(exchange, named, { path: 'realtime', kinds: ['realtime'] })
  const sdp = exchange.json === undefined ? exchange.rawBody : textOf(form['sdp'])
  if (!sdp.startsWith('v=0')) throw invalid('invalid_value', 'sdp', 'Invalid SDP offer.')
  return {
    kind: 'bytes',
    status: 201,
    headers: { location: `/v1/realtime/calls/rtc_${randomId(16, exchange.clock.random)}` },
    contentType: 'application/sdp',
    bytes: new Uint8Array(new TextEncoder().encode(`v=0\r\ns=answer to ${sdp.length} bytes\r\n`)),
  }
}

/** openai.md 6.7. */
export function clientSecrets(exchange: Exchange): Reply {
  const { session, expires_after: expires } = objectOf(exchange.json)
  if (expires !== undefined && objectOf(expires)['anchor'] === undefined)
    throw missing('expires_after.anchor')
  const named = textOf(objectOf(session)['model']) || 'gpt-realtime-2.1'
  const model = modelOn(exchange, named, { path: 'realtime', kinds: ['realtime'] })
  const seconds = Number(objectOf(expires)['seconds'] ?? 600)
  return {
    kind: 'json',
    body: {
      value: `ek_${randomId(24, exchange.clock.random)}`,
      expires_at: Math.floor(exchange.clock.now() / 1_000) + seconds,
      session: { ...objectOf(session), object: 'realtime.session', model: model.id },
    },
  }
}
