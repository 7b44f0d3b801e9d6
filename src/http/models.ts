import { Hono } from 'hono'
import * as z from 'zod'
import { zValidator } from '@hono/zod-validator'
import { cards } from '../catalog/card.ts'
import { cardOrFamily } from '../catalog/family.ts'
import type { ModelCard } from '../catalog/model-card.ts'
import { secondsOf } from '../catalog/civil-date.ts'
import { unknownModel } from '../gateway/plan/candidates.ts'
import type { AppEnv } from './env.ts'
import { allow, isAllowed } from './key-tab.ts'
import { authenticate } from './pipeline.ts'

const OWNERS: Readonly<Record<ModelCard['provider'], string>> = { openai: 'openai', gemini: 'google' }

/** `GET /models` and `GET /models/{id}` as OpenAI answers them, dates of shutdown included (openai.md 5.4). */
export const models = new Hono<AppEnv>()

models.get('/models', authenticate, (c) => {
  const routes = Object.keys(c.var.services.config.routes).map((id) => ({
    id,
    object: 'model',
    created: 0,
    owned_by: 'gateway',
    shutdown_date: null,
  }))
  const named = new Set(routes.map(({ id }) => id))
  const data = [
    ...routes,
    ...cards()
      .filter(({ id }) => !named.has(id))
      .map((card) => describe(card.id, card)),
  ]
  return c.json({ object: 'list', data: data.filter(({ id }) => isAllowed(c, { model: id })) })
})

// Ids may contain slashes, encoded or not (`ft:…`, `gemini/…`).
models.get('/models/:id{.+}', authenticate, zValidator('param', z.object({ id: z.string() })), (c) => {
  const { id } = c.req.valid('param')
  allow(c, { model: id })
  if (Object.hasOwn(c.var.services.config.routes, id)) {
    return c.json({ id, object: 'model', created: 0, owned_by: 'gateway', shutdown_date: null })
  }
  const card = cardOrFamily(id)
  if (card === undefined || card.assumed === true) throw unknownModel(id)
  return c.json(describe(id, card))
})

function describe(id: string, card: ModelCard) {
  return {
    id,
    object: 'model',
    created: card.released === undefined ? 0 : (secondsOf(card.released) ?? 0),
    owned_by: OWNERS[card.provider],
    shutdown_date: card.shutdown ?? null,
  }
}
