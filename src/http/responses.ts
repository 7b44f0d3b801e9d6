import { type Context, Hono } from 'hono'
import { GatewayError } from '../errors.ts'
import { notFound } from '../responses/errors.ts'
import { pageOf } from '../responses/items.ts'
import type { Kept } from '../responses/kept.ts'
import type { AppEnv } from './env.ts'
import { allow } from './key-tab.ts'
import { authenticate } from './pipeline.ts'

/**
 * What can be asked about a response that was made earlier (openai.md 3). One that lies at a provider's account is
 * asked for there; one that a bridge made lies here. To anybody but the tenant that made it, it does not exist.
 */
export const responses = new Hono<AppEnv>()

type Held = Extract<Kept, { kind: 'held' }>
type Handle = (held: Held, c: Context<AppEnv>, id: string) => Promise<Response> | Response

responses.get('/responses/:id', authenticate, (c) =>
  answer(c, '', ({ response }) => {
    if (c.req.query('stream') === 'true')
      throw new GatewayError(
        'unsupported_value',
        'This response was not made in the background: it cannot be streamed again.',
        { param: 'stream' },
      )
    return c.json(response)
  }),
)

responses.delete('/responses/:id', authenticate, (c) =>
  answer(c, '', (_held, _c, id) => c.json({ id, object: 'response', deleted: true }), forget),
)

responses.post('/responses/:id/cancel', authenticate, (c) =>
  answer(c, '/cancel', () => {
    throw new GatewayError('invalid_request', 'Cannot cancel a synchronous response.', { retry: false })
  }),
)

responses.get('/responses/:id/input_items', authenticate, (c) =>
  answer(c, '/input_items', ({ input }) => c.json(pageOf(input, new URL(c.req.url).searchParams))),
)

async function answer(
  c: Context<AppEnv>,
  rest: string,
  held: Handle,
  afterwards?: (c: Context<AppEnv>, id: string, kept: Kept) => Promise<void>,
): Promise<Response> {
  allow(c, { endpoint: 'responses' })
  const { services, principal } = c.var
  const id = c.req.param('id') ?? ''
  const kept = await services.responses.store.find(principal.tenant, id)
  if (kept === undefined) throw notFound(id)
  const response = kept.kind === 'held' ? await held(kept, c, id) : await ask(c, kept, id, rest)
  await afterwards?.(c, id, kept)
  return response
}

function ask(
  c: Context<AppEnv>,
  kept: Extract<Kept, { kind: 'relayed' }>,
  id: string,
  rest: string,
): Promise<Response> {
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
