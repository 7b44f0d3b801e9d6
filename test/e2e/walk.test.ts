import { createHash } from 'node:crypto'
import { type OpenAI, toFile } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pcm, wav } from '../../simulator/samples.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { isGemini } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { PROMISED } from '../support/promised.ts'

/** Every promised model over every endpoint that serves it, at providers that have shut down none of them yet. */
const BEFORE_ANY_SHUTDOWN = '2025-01-01'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway({ simulator: { today: BEFORE_ANY_SHUTDOWN } })
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const SOUND = wav(pcm('The otter swims at noon.'))
const upload = () => toFile(SOUND, 'otter.wav', { type: 'audio/wav' })
const SEARCH = /search-preview/
const RESEARCH = /deep-research/

/** What a provider was asked; the gateway's own checks of the providers' health do not count. */
function asked() {
  const found = gateway.received.filter(({ method, path }) => method === 'POST' || path.endsWith('/realtime'))
  expect(found).toHaveLength(1)
  const [{ path, model, json, query, status }] = found as [(typeof found)[number]]
  return { path, model, json, query, status }
}
const json = (value: unknown): Record<string, unknown> => value as Record<string, unknown>

/** The catalog's own names are replaced by the ones that OpenAI knows. */
const upstreamId = (model: string): string =>
  /^gpt-4o-(?:mini-)?(?:audio|realtime)$/.test(model) ? `${model}-preview` : model

const TEXT = 'the otter swims'
const ECHO = `You said: ${TEXT}`

/** The SDK has no type for the sound of a chunk. */
interface Spoken {
  readonly content?: string | null
  readonly audio?: { readonly transcript?: string }
}

interface Stop {
  readonly models: readonly string[]
  readonly walk: (model: string) => Promise<void>
}

const GEMINI = PROMISED.filter(isGemini)
const CHAT = [
  ...PROMISED.filter((model) => /^(?:gpt-4|o\d)/.test(model) && !/realtime|transcribe|tts/.test(model)),
  ...GEMINI,
]
const RESPONSES_ONLY = ['o3-pro', 'o3-deep-research', 'o4-mini-deep-research']
const CHAT_ONLY = CHAT.filter((model) => /audio|search-preview|o1-/.test(model))
const TRANSCRIBERS = PROMISED.filter((model) => /transcribe|whisper/.test(model))

/** The gateway's endpoints, as callers know them; the promised models on them, and what one has to bring about. */
const STOPS: Readonly<Record<string, Stop>> = {
  'v1/chat/completions': {
    models: CHAT,
    walk: async (model) => {
      const body = { model, messages: [user(TEXT)], ...extrasOn(model) }
      const { choices, usage } = await client.chat.completions.create(body)
      const [choice] = choices
      expect(choice?.finish_reason).toBe('stop')
      expect(choice?.message.content ?? choice?.message.audio?.transcript).toContain(ECHO)
      expect(usage?.total_tokens).toBeGreaterThan(0)
      if (isGemini(model)) return expectGenerated(model)
      if (RESPONSES_ONLY.includes(model)) {
        expect(asked()).toMatchObject({ path: '/v1/responses', model, status: 200 })
        expect(asked().json).toMatchObject({ model, store: false, input: [{ role: 'user', content: TEXT }] })
      } else {
        expect(asked()).toMatchObject({ path: '/v1/chat/completions', model: upstreamId(model), status: 200 })
        expect(asked().json).toEqual({ ...body, model: upstreamId(model) })
      }
    },
  },
  'v1/chat/completions, streamed': {
    models: CHAT,
    walk: async (model) => {
      const body = { model, messages: [user(TEXT)], ...extrasOn(model, 'pcm16') }
      let text = ''
      let finish: string | null = null
      for await (const { choices } of await client.chat.completions.create({ ...body, stream: true })) {
        const { content, audio } = (choices[0]?.delta ?? {}) as Spoken
        text += content ?? audio?.transcript ?? ''
        finish = choices[0]?.finish_reason ?? finish
      }
      expect(text).toContain(ECHO)
      expect(finish).toBe('stop')
      if (isGemini(model)) return expectGenerated(model, 'streamGenerateContent')
      expect(asked()).toMatchObject({
        path: RESPONSES_ONLY.includes(model) ? '/v1/responses' : '/v1/chat/completions',
        model: upstreamId(model),
        json: { stream: true },
      })
    },
  },
  'v1/responses': {
    models: CHAT.filter((model) => !CHAT_ONLY.includes(model)),
    walk: async (model) => {
      const tools = RESEARCH.test(model) ? { tools: [{ type: 'web_search_preview' as const }] } : {}
      const body = { model, input: TEXT, ...tools }
      const response = await client.responses.create(body)
      expect(response).toMatchObject({ object: 'response', status: 'completed' })
      expect(response.output_text).toContain(ECHO)
      expect(response.usage?.total_tokens).toBeGreaterThan(0)
      if (isGemini(model)) return expectGenerated(model)
      expect(asked()).toMatchObject({ path: '/v1/responses', model, status: 200 })
      expect(asked().json).toEqual(body)
    },
  },
  'v1/completions': {
    models: CHAT.filter((model) => !/audio|search/.test(model) && !RESPONSES_ONLY.includes(model)),
    walk: async (model) => {
      const { object, choices } = await client.completions.create({ model, prompt: TEXT, max_tokens: 4_000 })
      expect(object).toBe('text_completion')
      expect(choices).toEqual([{ index: 0, text: ECHO, finish_reason: 'stop', logprobs: null }])
      if (isGemini(model)) return expectGenerated(model)
      expect(asked()).toMatchObject({ path: '/v1/chat/completions', model })
      expect(asked().json).toMatchObject({ model, messages: [{ role: 'user', content: TEXT }] })
    },
  },
  'v1/audio/speech': {
    models: ['gpt-4o-mini-tts'],
    walk: async (model) => {
      const body = { model, input: TEXT, voice: 'alloy', response_format: 'pcm' } as const
      const spoken = await client.audio.speech.create(body)
      expect(Buffer.from(await spoken.arrayBuffer()).equals(Buffer.from(pcm(TEXT)))).toBe(true)
      expect(asked()).toMatchObject({ path: '/v1/audio/speech', model, json: body })
    },
  },
  'v1/audio/transcriptions': {
    models: [...TRANSCRIBERS, ...GEMINI],
    walk: async (model) => {
      const { text } = await client.audio.transcriptions.create({ model, file: await upload() })
      expect(text).not.toBe('')
      expectHeard(model, '/v1/audio/transcriptions')
    },
  },
  'v1/audio/translations': {
    models: ['whisper-1', ...GEMINI],
    walk: async (model) => {
      const { text } = await client.audio.translations.create({ model, file: await upload() })
      expect(text).not.toBe('')
      expectHeard(model, '/v1/audio/translations')
    },
  },
  'v1/realtime': {
    models: ['gpt-4o-realtime', 'gpt-4o-mini-realtime'],
    walk: async (model) => {
      const events = await converse(`model=${model}`, [
        {
          type: 'conversation.item.create',
          item: { type: 'message', role: 'user', content: [{ type: 'input_text', text: TEXT }] },
        },
        { type: 'response.create' },
      ])
      expect(events[0]).toMatchObject({
        type: 'session.created',
        session: { type: 'realtime', model: upstreamId(model) },
      })
      expect(events.find(({ type }) => type === 'response.output_text.done')).toMatchObject({ text: ECHO })
      expect(asked()).toMatchObject({ path: '/v1/realtime', query: `?model=${upstreamId(model)}` })
    },
  },
  'v1/realtime, transcribing': {
    models: TRANSCRIBERS.filter((model) => model !== 'whisper-1'),
    walk: async (model) => {
      const session = { type: 'transcription', audio: { input: { transcription: { model } } } }
      const events = await converse(`intent=transcription&model=${model}`, [
        { type: 'session.update', session },
      ])
      expect(events).toMatchObject([
        { type: 'session.created', session: { type: 'transcription' } },
        { type: 'session.updated', session },
      ])
      // Such a session is named its model in the update; OpenAI refuses it in the URL.
      expect(asked()).toMatchObject({ path: '/v1/realtime', query: '?intent=transcription' })
    },
  },
  'v1/realtime/client_secrets': {
    models: ['gpt-4o-realtime', 'gpt-4o-mini-realtime'],
    walk: async (model) => {
      const { value } = await client.realtime.clientSecrets.create({ session: { type: 'realtime', model } })
      expect(value).toMatch(/^ek_/)
      expect(asked()).toMatchObject({
        path: '/v1/realtime/client_secrets',
        json: { session: { type: 'realtime', model: upstreamId(model) } },
      })
    },
  },
}

/** What a chat must say besides its messages. */
function extrasOn(model: string, format: 'wav' | 'pcm16' = 'wav') {
  if (model.includes('audio'))
    return { modalities: ['text' as const, 'audio' as const], audio: { voice: 'alloy', format } }
  return RESEARCH.test(model) || SEARCH.test(model) ? { web_search_options: {} } : {}
}

function expectGenerated(model: string, method = 'generateContent'): void {
  expect(asked()).toMatchObject({ path: `/v1beta/models/${model}:${method}`, model, status: 200 })
  expect(asked().json).toMatchObject({ contents: [{ role: 'user', parts: [{ text: TEXT }] }] })
}

/** Every byte of the upload has arrived. */
function expectHeard(model: string, path: string): void {
  const sha256 = createHash('sha256').update(SOUND).digest('hex')
  if (!isGemini(model)) {
    expect(asked()).toMatchObject({ path, model, json: { model, file: { name: 'otter.wav', sha256 } } })
    return
  }
  const inlineData = { mimeType: 'audio/wav', data: Buffer.from(SOUND).toString('base64') }
  expect(asked()).toMatchObject({ path: `/v1beta/models/${model}:generateContent`, model })
  expect(json(asked().json)['contents']).toMatchObject([
    { parts: expect.arrayContaining([expect.objectContaining({ inlineData })]) },
  ])
}

/** Sends the events, and hears them answered. */
async function converse(query: string, events: readonly object[]): Promise<Record<string, unknown>[]> {
  const url = `${gateway.origin.replace('http', 'ws')}/v1/realtime?${query}`
  const socket = new WebSocket(url, ['realtime'])
  const heard: Record<string, unknown>[] = []
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => {
      for (const event of events) socket.send(JSON.stringify(event))
    })
    socket.addEventListener('message', ({ data }) => {
      const event = JSON.parse(String(data)) as Record<string, unknown>
      heard.push(event)
      if (event['type'] === 'response.done' || event['type'] === 'session.updated') resolve()
    })
    socket.addEventListener('error', () => reject(new Error('refused')))
    socket.addEventListener('close', () => reject(new Error('closed')))
  })
  socket.close()
  return heard
}

it('the walk leaves no promised model out', () => {
  const walked = new Set(Object.values(STOPS).flatMap(({ models }) => models))
  expect([...walked].toSorted()).toEqual([...PROMISED].toSorted())
  expect(PROMISED).toHaveLength(26)
})

describe.each(Object.keys(STOPS))('%s', (path) => {
  const { models, walk } = STOPS[path] as Stop
  it.each(models)('[endpoint models] serves %s', async (model) => {
    await walk(model)
    expect(gateway.received.length).toBeGreaterThan(0)
  })
})

describe('[endpoint not served] where a model is not served, the answer says where it is', () => {
  const chat = (model: string) => client.chat.completions.create({ model, messages: [user('Hi')] })
  const respond = (model: string) => client.responses.create({ model, input: 'Hi' })
  const complete = (model: string) => client.completions.create({ model, prompt: 'Hi' })
  const speak = (model: string) => client.audio.speech.create({ model, input: 'Hi', voice: 'alloy' })
  const hear = async (model: string) => client.audio.transcriptions.create({ model, file: await upload() })
  const embed = (model: string) => client.embeddings.create({ model, input: 'Hi' })
  const draw = (model: string) => client.images.generate({ model, prompt: 'Hi' })
  const judge = (model: string) => client.moderations.create({ model, input: 'Hi' })

  it.each([
    ['chat', chat, ['gpt-4o-realtime', 'gpt-4o-mini-realtime'], 'v1/realtime'],
    ['chat', chat, ['gpt-4o-mini-tts'], 'v1/audio/speech'],
    ['chat', chat, TRANSCRIBERS, 'v1/audio/transcriptions'],
    ['responses', respond, ['gpt-4o-mini-tts'], 'v1/audio/speech'],
    ['responses', respond, CHAT_ONLY, 'v1/chat/completions'],
    ['completions', complete, RESPONSES_ONLY, 'v1/responses'],
    ['speech', speak, ['gpt-4o', 'o3', ...GEMINI], 'v1/chat/completions'],
    ['transcriptions', hear, ['gpt-4o', 'gpt-4.1'], 'v1/responses'],
    ['embeddings', embed, ['gpt-4o', ...GEMINI], 'v1/chat/completions'],
    ['images', draw, ['gpt-4o-mini', ...GEMINI], 'v1/completions'],
    ['moderations', judge, ['whisper-1'], 'v1/audio/translations'],
  ] as const)('%s', async (...[, ask, models, named]) => {
    for (const model of models) {
      await expect(ask(model)).rejects.toMatchObject({
        status: 404,
        code: 'model_not_found',
        param: 'model',
        message: expect.stringContaining(`The model '${model}' is only supported in `),
      })
      await expect(ask(model)).rejects.toThrow(named)
    }
    expect(gateway.received.filter(({ method }) => method === 'POST')).toHaveLength(0)
  })

  it('realtime', async () => {
    const response = await fetch(`${gateway.origin}/v1/realtime/calls?model=gpt-4o`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp' },
      body: 'v=0\r\n',
    })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({
      error: {
        message:
          "The model 'gpt-4o' is only supported in v1/chat/completions, v1/responses, v1/completions and not in v1/realtime.",
      },
    })
  })
})

describe('[endpoint lifecycle] a model that is shut down', () => {
  const ask = (mode: 'as-is' | 'follow' | 'refuse') =>
    client.chat.completions
      .create({ model: 'gpt-4-turbo', messages: [user(TEXT)] }, { headers: { 'x-gateway-lifecycle': mode } })
      .withResponse()

  it('is sent as it is', async () => {
    const { data, response } = await ask('as-is')
    expect(data.choices[0]?.message.content).toBe(ECHO)
    expect(asked().model).toBe('gpt-4-turbo')
    expect(response.headers.get('sunset')).toBe('Fri, 23 Oct 2026 00:00:00 GMT')
    expect(response.headers.get('x-gateway-successor')).toBeNull()
  })

  it('is followed to its successor', async () => {
    const { data, response } = await ask('follow')
    expect(data.choices[0]?.message.content).toBe(ECHO)
    expect(asked()).toMatchObject({ path: '/v1/chat/completions', model: 'gpt-5.6-sol' })
    expect(response.headers.get('x-gateway-successor')).toBe('gpt-5.6-sol')
  })

  it('is refused, with its successor', async () => {
    await expect(ask('refuse')).rejects.toMatchObject({
      status: 404,
      code: 'model_retired',
      message: expect.stringContaining("Its successor is 'gpt-5.6-sol'."),
    })
    expect(gateway.received.filter(({ method }) => method === 'POST')).toHaveLength(0)
  })
})
