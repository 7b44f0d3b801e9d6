import type { HeldKey } from '../keys/isolate/key-ring.ts'
import type { Principal } from '../keys/principal.ts'
import type { RawBody } from '../gateway/types.ts'
import type { Services } from '../services.ts'
import type { Hold } from './body.ts'

/** What Hono's context carries: set by the pipeline in `app.ts`, read by the handlers, by nobody below `http/`. */
export interface AppEnv {
  Bindings: Env
  Variables: {
    services: Services
    requestId: string
    startedAt: number
    principal: Principal
    /** The virtual key that was presented, if it was one. */
    held: HeldKey | undefined
    keyMs: number
    raw: RawBody
    /** What the body takes of the isolate's memory. */
    hold: Hold
    /** Who changes something, for the audit. */
    actor: string
  }
}
