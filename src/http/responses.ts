import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import { MAX_ANSWER_BYTES } from '../gateway/attempt/failure-of.ts'
import { parseJson } from '../gateway/attempt/read-failure.ts'
import { countBytes } from '../lib/byte-relay.ts'
import { readBytes } from '../lib/read-body.ts'
import { type Done, doneIn } from '../responses/due.ts'
import { notFound } from '../responses/errors.ts'
import { pageOf } from '../responses/items.ts'
import type { Kept } from '../responses/kept.ts'
import type { AppEnv } from './env.ts'
import { claim, look, type Looked, type LookName, type Relayed } from './look.ts'
import { authenticate } from './pipeline.ts'

/**
 * What can be asked about a response that was made earlier (openai.md 3). One that lies at a provider's account is
 * asked for there; one that a bridge made lies here. To anybody but the tenant that made it, it does not exist.
 */
export const responses = new Hono<AppEnv>()

type Held = Extract<Kept, { kind: 'held' }>
interface Handlers {
  readonly name: LookName
  readonly held: (held: Held, c: Context<AppEnv>, id: string) => Response
  readonly relayed: (kept: Relayed, c: Context<AppEnv>, id: string) => Promise<Looked>
  readonly afterwards?: (c: Context<AppEnv>, id: string, kept: Kept) => Promise<void>
}

responses.get('/responses/:id', authenticate, (c) =>
  answer(c, {
    name: 'responses.retrieve',
    held({ response }) {
      if (c.req.query('stream') === 'true')
        throw new GatewayError(
          'unsupported_value',
          'This response was not made in the background: it cannot be streamed again.',
          { param: 'stream' },
        )
      return c.json(response)
    },
    relayed: shown(''),
  }),
)

responses.delete('/responses/:id', authenticate, (c) =>
  answer(c, {
    name: 'responses.delete',
    held: (_held, _c, id) => c.json({ id, object: 'response', deleted: true }),
    async relayed(kept, c, id) {
      // Neither its usage nor what is due can be asked for any more when it is gone.
      const done = kept.due === undefined ? undefined : await doneAt(c, kept, id)
      const response = await ask(c, kept, id)
      const owed = await claim(c, id, kept, async () => done)
      return { response, owed: async () => owed }
    },
    afterwards: forget,
  }),
)

responses.post('/responses/:id/cancel', authenticate, (c) =>
  answer(c, {
    name: 'responses.cancel',
    held() {
      throw new GatewayError('invalid_request', 'Cannot cancel a synchronous response.', { retry: false })
    },
    relayed: shown('/cancel'),
  }),
)

responses.get('/responses/:id/input_items', authenticate, (c) =>
  answer(c, {
    name: 'responses.input_items',
    held: ({ input }) => c.json(pageOf(input, new URL(c.req.url).searchParams)),
    relayed: async (kept, c, id) => ({ response: await ask(c, kept, id, '/input_items') }),
  }),
)

function answer(c: Context<AppEnv>, { name, held, relayed, afterwards }: Handlers): Promise<Response> {
  const id = c.req.param('id') ?? ''
  return look(c, name, async () => {
    const { services, principal } = c.var
    const kept = await services.responses.store.find(principal.tenant, id)
    if (kept === undefined) throw notFound(id)
    const looked = kept.kind === 'held' ? { response: held(kept, c, id) } : await relayed(kept, c, id)
    await afterwards?.(c, id, kept)
    return looked
  })
}

/** Relays what the account shows. Read on the way only where what it used is still to be booked. */
const shown =
  (rest: string) =>
  async (kept: Relayed, c: Context<AppEnv>, id: string): Promise<Looked> => {
    const response = await ask(c, kept, id, rest)
    const { body, headers } = response
    if (body === null) return { response }
    if (headers.get('content-type')?.startsWith('text/event-stream') === true) {
      const { bytes, finished } = countBytes(body, { onCancel: () => undefined })
      return {
        response: new Response(bytes, { headers }),
        over: finished,
        owed: () => claim(c, id, kept, () => doneAt(c, kept, id)),
      }
    }
    if (kept.due === undefined) return { response }
    const bytes = await readBytes(response, MAX_ANSWER_BYTES)
    return {
      response: new Response(bytes, { headers }),
      owed: () => claim(c, id, kept, async () => doneIn(jsonIn(bytes))),
    }
  }

const jsonIn = (bytes: Uint8Array): unknown => parseJson(new TextDecoder().decode(bytes))

/** Asks once more for what the caller was not shown whole; who cannot be asked has not said that it is done. */
async function doneAt(c: Context<AppEnv>, kept: Relayed, id: string): Promise<Done | undefined> {
  const { services, principal } = c.var
  const question = { method: 'GET', id, rest: '', kept, principal, signal: new AbortController().signal }
  try {
    return doneIn(jsonIn(await readBytes(await services.responses.ask(question), MAX_ANSWER_BYTES)))
  } catch {
    return undefined
  }
}

function ask(c: Context<AppEnv>, kept: Relayed, id: string, rest = ''): Promise<Response> {
  const { services, principal } = c.var
  const { search } = new URL(c.req.url)
  const { method, signal } = c.req.raw
  return services.responses.ask({ method, id, rest: rest + search, kept, principal, signal })
}

/** What is forgotten must not come back out of the cache. */
async function forget(c: Context<AppEnv>, id: string, { cacheName }: Kept): Promise<void> {
  const { services, principal } = c.var
  await services.responses.store.forget(principal.tenant, id)
  if (cacheName !== undefined) await services.cache?.remove(cacheName)
}
