import type { Context } from 'hono'
import type { Call } from '../gateway/types.ts'
import { endpointOf, type EndpointId } from '../protocol/index.ts'
import { formFields } from '../protocol/upload.ts'
import type { Hold } from './body.ts'
import type { AppEnv } from './env.ts'
import { fromZod } from './errors.ts'
import { readForm } from './form.ts'
import { REQUEST_HEADERS } from './request-headers.ts'

/** A call in a form, all of it read. The header's model goes before the form's. */
export async function readUpload<E extends EndpointId>(
  c: Context<AppEnv>,
  endpoint: E,
  names: ReadonlySet<string>,
  hold: Hold,
): Promise<Call<E>> {
  const named = c.req.header(REQUEST_HEADERS.model)
  const raw = await readForm(c.req.raw, names, c.get('services').timers, hold)
  const fields = formFields(raw.form)
  const parsed = endpointOf(endpoint).envelope.safeParse(
    named === undefined ? fields : { ...fields, model: named },
  )
  if (!parsed.success) throw fromZod(parsed.error)
  return { endpoint, request: parsed.data, raw }
}
