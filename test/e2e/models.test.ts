import { NotFoundError, type OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())

/** The ids that the product promises (openai.md 7.2). */
const PROMISED = [
  'gpt-4o, gpt-4o-audio, gpt-4o-realtime, gpt-4o-search-preview, gpt-4o-transcribe, gpt-4o-mini',
  'gpt-4o-mini-audio, gpt-4o-mini-realtime, gpt-4o-mini-search-preview, gpt-4o-mini-transcribe, gpt-4o-mini-tts',
  'gpt-4-turbo, gpt-4.1, gpt-4, o3, o3-pro, o3-mini, o3-deep-research, o4-mini, o4-mini-deep-research',
  'o1-preview, o1-mini, whisper-1, gemini-2.5-pro, gemini-2.5-flash, gemini-2.0-flash',
].flatMap((line) => line.split(', '))

describe('the list', () => {
  it('holds every promised model, each once, as the client types it', async () => {
    const listed: OpenAI.Model[] = []
    for await (const model of client.models.list()) listed.push(model)
    const ids = listed.map(({ id }) => id)
    expect(ids).toEqual(expect.arrayContaining([...PROMISED, ...MODELS]))
    expect(new Set(ids).size).toBe(ids.length)
    for (const model of listed)
      expect(model).toMatchObject({
        object: 'model',
        created: expect.any(Number),
        owned_by: expect.stringMatching(/./),
      })
  })

  it('gives every model that it lists by its id', async () => {
    const { data } = await client.models.list()
    const found = await Promise.all(data.map(({ id }) => client.models.retrieve(id)))
    expect(found.map(({ id }) => id)).toEqual(data.map(({ id }) => id))
  })
})

describe('one model', () => {
  it.each([...PROMISED, ...MODELS])('%s', async (id) => {
    expect(await client.models.retrieve(id)).toMatchObject({ id, object: 'model' })
  })

  it.each(['gemini/gemini-2.5-flash', 'openai/gpt-4o-mini', 'models/gemini-2.5-flash'])(
    '%s, whose id a URL has to escape',
    async (id) => {
      expect(await client.models.retrieve(id)).toMatchObject({ object: 'model' })
    },
  )

  it('is not found when nobody has it', async () => {
    await expect(client.models.retrieve('no-such-model')).rejects.toBeInstanceOf(NotFoundError)
    for (const id of ['acme/none', 'ft:gpt-4o-mini:acme:tuned:8f3a'])
      await expect(client.models.retrieve(id)).rejects.toMatchObject({
        code: 'model_not_found',
        message: expect.stringContaining(id),
      })
  })
})

it.each([
  ['openai/gpt-4o-mini', 'openai', 'gpt-4o-mini'],
  ['ft:gpt-4o-mini:acme:tuned:8f3a', 'openai', 'ft:gpt-4o-mini:acme:tuned:8f3a'],
  ['gemini/gemini-2.5-flash', 'gemini', 'gemini-2.5-flash'],
])('%s is sent to %s as %s', async (model, provider, upstream) => {
  gateway.simulator.reset()
  await client.chat.completions.create({ model, messages: [user('Hi')] })
  expect(gateway.received.at(-1)).toMatchObject({ provider, model: upstream })
})
