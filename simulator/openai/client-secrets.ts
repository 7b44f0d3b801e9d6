import { randomId } from '../answer.ts'
import { objectOf, textOf } from '../json.ts'
import type { Exchange, Reply } from '../types.ts'
import { modelOn } from './endpoint.ts'
import { missing } from './errors.ts'

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
