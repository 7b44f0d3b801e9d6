import type { Context } from 'hono'
import * as z from 'zod'
import type { SessionAsked } from '../gateway/explain/explain-session.ts'
import { modelIn, REALTIME_PATH } from '../protocol/realtime.ts'
import { type Hold, readJsonBody, startHold } from './body.ts'
import type { AppEnv } from './env.ts'
import { fromZod } from './errors.ts'
import { type FormPlace, formPlace } from './form.ts'
import { allow } from './key-tab.ts'
import { allowQuery, CALLS_PATH, offerOf } from './realtime.ts'
import { scopeOf } from './scope.ts'

interface Held {
  readonly hold: Hold
  readonly place: FormPlace
}
/** Reads and allows what is asked for, as the session's own route would. */
type ReadSession = (c: Context<AppEnv>, held: Held) => Promise<SessionAsked>

/** Sessions have no body of their own: the parameters of their URL stand in this one. */
const parameters = z.record(z.string(), z.string())

/** By path: what begins a realtime session. */
const SESSIONS: Readonly<Record<string, ReadSession>> = {
  async [REALTIME_PATH](c, { hold }) {
    const { text } = await readJsonBody(c.req.raw, c.var.services.timers, hold)
    const parsed = parameters.safeParse(JSON.parse(text))
    if (!parsed.success) throw fromZod(parsed.error)
    const query = new URLSearchParams(parsed.data)
    const model = modelIn(query)
    allowQuery(c, query)
    allow(c, { endpoint: 'realtime', model })
    return { model, query }
  },
  async [CALLS_PATH](c, { hold, place }) {
    place.take()
    const offer = await offerOf(c, hold)
    allow(c, { endpoint: 'realtime', model: offer.model }, 'unbounded')
    return { model: offer.model, offer }
  },
}

/** A path with or without its version. */
export const shortOf = (path: string): string => path.replace(/^\/v1/, '')

export function sessionAt(path: string): ReadSession | undefined {
  const short = shortOf(path)
  return Object.hasOwn(SESSIONS, short) ? SESSIONS[short] : undefined
}

export async function explainedSession(c: Context<AppEnv>, read: ReadSession): Promise<Response> {
  const hold = startHold()
  const place = formPlace()
  try {
    const asked = await read(c, { hold, place })
    return c.json(await c.var.services.explainSession(asked, scopeOf(c)))
  } finally {
    place.release()
    hold.release()
  }
}
