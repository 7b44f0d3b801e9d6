import { NotFoundError, type OpenAI } from 'openai'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { openaiClient } from '../support/openai.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

it('relays moderations, with the model that is meant where none is named', async () => {
  const { data, response } = await client.moderations.create({ input: ['peace', 'violence'] }).withResponse()
  expect(data.results.map(({ flagged }) => flagged)).toEqual([false, true])
  expect(gateway.received[0]?.body).toBe('{"input":["peace","violence"]}')
  expect(response.headers.get('x-gateway-cost')).toBe('0')
})

it('names the endpoint that serves a model which does not moderate', async () => {
  const failure = client.moderations.create({ model: 'gpt-4o-mini', input: 'x' })
  await expect(failure).rejects.toThrow(NotFoundError)
  await expect(failure).rejects.toThrow(
    'only supported in v1/chat/completions, v1/responses and not in v1/moderations',
  )
  const gemini = client.moderations.create({ model: 'gemini-3.8-flash', input: 'x' })
  await expect(gemini).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
  expect(gateway.received).toHaveLength(0)
})
