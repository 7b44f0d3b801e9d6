import {
  APIConnectionTimeoutError,
  APIError,
  AuthenticationError,
  BadRequestError,
  ConflictError,
  InternalServerError,
  NotFoundError,
  type OpenAI,
  PermissionDeniedError,
  RateLimitError,
  UnprocessableEntityError,
} from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Script } from '../../simulator/index.ts'
import { eventually } from '../support/eventually.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { MODELS } from '../support/models.ts'
import { openaiClient, user } from '../support/openai.ts'
import { scripted } from '../support/prompt.ts'
import { recover } from '../support/recover.ts'

let gateway: RunningGateway
let client: OpenAI
beforeAll(async () => {
  gateway = await startGateway()
  client = openaiClient(gateway)
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())
afterEach(() => recover(gateway), 30_000)

type ErrorClass = typeof APIError<number>
interface Case {
  readonly model: string
  readonly script: Script
  readonly as: ErrorClass
  readonly status: number
  readonly code: string | null
  readonly type?: string
  readonly param?: string
  /** What the SDK is told about trying again. */
  readonly shouldRetry?: 'false'
  readonly retryAfter?: string
}

const OPENAI = 'gpt-4o-mini'
const GEMINI = 'gemini-3.8-flash'
const CASES: readonly Case[] = [
  {
    model: OPENAI,
    script: { error: 'context_length_exceeded' },
    as: BadRequestError,
    status: 400,
    code: 'context_length_exceeded',
    type: 'invalid_request_error',
    param: 'messages',
  },
  {
    model: OPENAI,
    script: { error: 'invalid_prompt' },
    as: BadRequestError,
    status: 400,
    code: 'invalid_prompt',
  },
  {
    model: OPENAI,
    script: { status: 401 },
    as: InternalServerError,
    status: 502,
    code: 'upstream_authentication_failed',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { status: 403 },
    as: InternalServerError,
    status: 503,
    code: 'upstream_unavailable',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { status: 404 },
    as: NotFoundError,
    status: 404,
    code: 'model_not_found',
    shouldRetry: 'false',
  },
  { model: OPENAI, script: { status: 409 }, as: ConflictError, status: 409, code: 'conflict' },
  { model: OPENAI, script: { status: 422 }, as: UnprocessableEntityError, status: 422, code: null },
  {
    model: OPENAI,
    script: { error: 'rate_limit', retryAfter: 7 },
    as: RateLimitError,
    status: 429,
    code: 'rate_limit_exceeded',
    type: 'requests',
    retryAfter: '7',
  },
  { model: OPENAI, script: { error: 'slow_down' }, as: RateLimitError, status: 429, code: 'slow_down' },
  {
    model: OPENAI,
    script: { error: 'insufficient_quota' },
    as: RateLimitError,
    status: 429,
    code: 'insufficient_quota',
    type: 'insufficient_quota',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { status: 500 },
    as: InternalServerError,
    status: 502,
    code: 'upstream_error',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { status: 502 },
    as: InternalServerError,
    status: 502,
    code: 'upstream_error',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { status: 503 },
    as: InternalServerError,
    status: 503,
    code: 'upstream_unavailable',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { drop: true },
    as: InternalServerError,
    status: 502,
    code: 'upstream_error',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { redirect: 'https://elsewhere.example/' },
    as: InternalServerError,
    status: 502,
    code: 'upstream_bad_response',
    shouldRetry: 'false',
  },
  {
    model: OPENAI,
    script: { nonJson: true },
    as: InternalServerError,
    status: 502,
    code: 'upstream_bad_response',
    shouldRetry: 'false',
  },
  {
    model: GEMINI,
    script: { error: 'invalid_argument' },
    as: BadRequestError,
    status: 400,
    code: 'invalid_request',
    type: 'invalid_request_error',
  },
  {
    model: GEMINI,
    script: { error: 'too_long' },
    as: BadRequestError,
    status: 400,
    code: 'context_length_exceeded',
  },
  {
    model: GEMINI,
    script: { error: 'API_KEY_INVALID' },
    as: InternalServerError,
    status: 502,
    code: 'upstream_authentication_failed',
    shouldRetry: 'false',
  },
  {
    model: GEMINI,
    script: { error: 'location' },
    as: InternalServerError,
    status: 503,
    code: 'upstream_unavailable',
    shouldRetry: 'false',
  },
  {
    model: GEMINI,
    script: { error: 'not_found' },
    as: NotFoundError,
    status: 404,
    code: 'model_not_found',
    shouldRetry: 'false',
  },
  { model: GEMINI, script: { error: 'aborted' }, as: ConflictError, status: 409, code: 'conflict' },
  {
    model: GEMINI,
    script: { error: 'per_minute' },
    as: RateLimitError,
    status: 429,
    code: 'rate_limit_exceeded',
    retryAfter: '35',
  },
  {
    model: GEMINI,
    script: { error: 'per_day' },
    as: RateLimitError,
    status: 429,
    code: 'insufficient_quota',
    type: 'insufficient_quota',
    shouldRetry: 'false',
  },
  {
    model: GEMINI,
    script: { error: 'prepaid' },
    as: RateLimitError,
    status: 429,
    code: 'insufficient_quota',
    shouldRetry: 'false',
  },
  {
    model: GEMINI,
    script: { error: 'internal' },
    as: InternalServerError,
    status: 502,
    code: 'upstream_error',
    shouldRetry: 'false',
  },
  {
    model: GEMINI,
    script: { error: 'html' },
    as: InternalServerError,
    status: 502,
    code: 'upstream_error',
    shouldRetry: 'false',
  },
  {
    model: GEMINI,
    script: { error: 'unavailable', arrayWrapped: true },
    as: InternalServerError,
    status: 503,
    code: 'upstream_unavailable',
    shouldRetry: 'false',
  },
]

async function failing(call: PromiseLike<unknown>): Promise<InstanceType<ErrorClass>> {
  try {
    await call
  } catch (thrown) {
    if (thrown instanceof APIError) return thrown
    throw thrown
  }
  throw new Error('The call did not fail.')
}

describe.each([
  ['whole', false],
  ['streamed', true],
])('an upstream error becomes the right class, %s', (_, stream) => {
  // The simulator has no HTML page in the place of a stream.
  const cases = CASES.filter(({ script }) => !stream || script.nonJson === undefined)
  it.each(cases)(
    '$model $script → $status $code',
    async ({ model, script, as, shouldRetry, retryAfter, ...rest }) => {
      const error = await failing(
        client.chat.completions.create({ model, stream, messages: [user(scripted('Hi', script))] }),
      )
      expect(error.constructor).toBe(as)
      expect(error).toMatchObject(rest)
      expect(error.requestID).toMatch(/^req_/)
      expect(error.headers?.get('x-should-retry') ?? undefined).toBe(shouldRetry)
      expect(error.headers?.get('retry-after') ?? undefined).toBe(retryAfter)
      expect(error.headers?.get('content-type')).toContain('application/json')
      const told = JSON.stringify([error.message, error.error, ...(error.headers ?? [])])
      for (const secret of [
        'sk-simulator',
        'AIzaSimulator',
        gateway.upstream,
        new URL(gateway.upstream).host,
      ])
        expect(told).not.toContain(secret)
    },
  )
})

describe('the gateway refuses', () => {
  it('an unknown model', async () => {
    const error = await failing(client.chat.completions.create({ model: 'no-such', messages: [user('Hi')] }))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model' })
    expect(gateway.received).toHaveLength(0)
  })

  it('a request without messages', async () => {
    const error = await failing(client.chat.completions.create({ model: OPENAI, messages: [] }))
    expect(error).toBeInstanceOf(BadRequestError)
    expect(error).toMatchObject({ code: 'empty_array', param: 'messages', type: 'invalid_request_error' })
    expect(error.requestID).toMatch(/^req_/)
    expect(gateway.received).toHaveLength(0)
  })

  it('an unknown path', async () => {
    const error = await failing(client.get('/nothing-here'))
    expect(error).toBeInstanceOf(NotFoundError)
    expect(error.code).toBe('unknown_url')
  })
})

describe('who may call', () => {
  it('asks for a gateway key, and takes any of them', async () => {
    const closed = await startGateway({
      variables: { ALLOW_ANONYMOUS: undefined, GATEWAY_KEYS: 'gw-one, gw-two' },
    })
    try {
      const ask = (apiKey: string) =>
        openaiClient(closed, { apiKey }).chat.completions.create({ model: OPENAI, messages: [user('Hi')] })
      const error = await failing(ask('gw-three'))
      expect(error).toBeInstanceOf(AuthenticationError)
      expect(error).toMatchObject({ code: 'invalid_api_key', type: 'invalid_request_error' })
      expect(error.headers?.get('www-authenticate')).toBe('Bearer')
      expect(closed.received).toHaveLength(0)
      await ask('gw-two')
      expect(closed.received[0]?.key).toBe('sk-simulator')
    } finally {
      await closed.close()
    }
  })

  it('answers nobody while it has provider keys and no gateway keys', async () => {
    const closed = await startGateway({ variables: { ALLOW_ANONYMOUS: undefined } })
    try {
      const error = await failing(
        openaiClient(closed).chat.completions.create({ model: OPENAI, messages: [user('Hi')] }),
      )
      expect(error).toBeInstanceOf(AuthenticationError)
      expect(error.message).toContain('GATEWAY_KEYS')
      expect(closed.received).toHaveLength(0)
    } finally {
      await closed.close()
    }
  })

  it("passes the caller's own key on where it holds none, and says what the provider says of it", async () => {
    const open = await startGateway({
      variables: { ALLOW_ANONYMOUS: undefined, OPENAI_API_KEY: undefined, GEMINI_API_KEY: undefined },
    })
    try {
      const ask = (model: string, apiKey: string, prompt = 'Hi') =>
        openaiClient(open, { apiKey }).chat.completions.create({ model, messages: [user(prompt)] })
      await ask(OPENAI, 'sk-mine')
      await ask(GEMINI, 'AIzaMine')
      expect(open.received.map(({ provider, key }) => [provider, key])).toEqual([
        ['openai', 'sk-mine'],
        ['gemini', 'AIzaMine'],
      ])
      expect(await failing(ask(OPENAI, 'sk-bad'))).toBeInstanceOf(AuthenticationError)
      expect(await failing(ask(GEMINI, 'AIza-bad'))).toBeInstanceOf(AuthenticationError)
      expect(await failing(ask(OPENAI, 'sk-mine', scripted('Hi', { status: 403 })))).toBeInstanceOf(
        PermissionDeniedError,
      )
    } finally {
      await open.close()
    }
  })
})

describe.each([OPENAI, GEMINI])('%s: what the SDK does about it', (model) => {
  const patient = () => openaiClient(gateway, { maxRetries: 2 })
  const ask = (client: OpenAI, script: Script) =>
    client.chat.completions.create({ model, messages: [user(scripted('Hi', script))] })

  it('retries a rate limit after the time it names', async () => {
    const wait =
      model === OPENAI ? { error: 'rate_limit', retryAfter: 0.2 } : { error: 'per_minute', retryInfo: '0.2s' }
    const answer = await ask(patient(), { ...wait, failTimes: 1 })
    expect(answer.choices).toHaveLength(1)
    const [first, second] = gateway.received
    expect(gateway.received).toHaveLength(2)
    expect((second?.time ?? 0) - (first?.time ?? 0)).toBeGreaterThanOrEqual(200)
  })

  it('does not retry what will not change', async () => {
    const error = model === OPENAI ? 'insufficient_quota' : 'per_day'
    expect(await failing(ask(patient(), { error }))).toBeInstanceOf(RateLimitError)
    expect(gateway.received).toHaveLength(1)
  })

  // On a gateway of its own: what fails within five seconds shares one budget of retries, other tests' faults included.
  it.each([
    ["a fault that the gateway's own retry mends", { status: 500, failTimes: 1 }],
    ['a connection that breaks once before the answer', { drop: true, failTimes: 1 }],
  ])('never sees %s', async (_, script) => {
    const fresh = await startGateway()
    try {
      const { response } = await openaiClient(fresh)
        .chat.completions.create({ model, messages: [user(scripted('Hi', script))] })
        .withResponse()
      expect(response.status).toBe(200)
      expect(response.headers.get('x-gateway-attempts')).toBe('2')
    } finally {
      await fresh.close()
    }
  })

  it('gives up on its own time limit', async () => {
    const hurried = openaiClient(gateway, { timeout: 200 })
    await expect(ask(hurried, { latencyMs: 2_000 })).rejects.toBeInstanceOf(APIConnectionTimeoutError)
  })

  it("is told when the caller's limit is reached, and the upstream is let go", async () => {
    const limited = openaiClient(gateway, { defaultHeaders: { 'x-gateway-timeout-ms': '1000' } })
    const error = await failing(ask(limited, { latencyMs: 20_000 }))
    expect(error).toBeInstanceOf(InternalServerError)
    expect(error).toMatchObject({ status: 504, code: 'upstream_timeout' })
    expect(await eventually('the upstream request is aborted', () => gateway.received[0]?.aborted)).toBe(true)
  })
})

const BROKEN: readonly (readonly [what: string, script: Script, code: string | null])[] = [
  ['is cut', { cutAfter: 6, gapMs: 10 }, 'upstream_stream_interrupted'],
  ['ends without a finish', { noFinish: true, noDone: true }, 'upstream_stream_interrupted'],
  ['turns malformed', { malformedAfter: 4 }, 'upstream_bad_response'],
]
describe.each(MODELS)('%s: a stream that', (model) => {
  it.each(BROKEN)('%s throws after what came', async (_, script, code) => {
    const { texts, error } = await readUntilError(model, script)
    expect(texts).not.toBe('')
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ code, type: 'server_error' })
  })

  it('carries an error throws it', async () => {
    const { texts, error } = await readUntilError(model, { errorAfter: 4 })
    expect(texts).not.toBe('')
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ type: 'server_error' })
  })

  it('breaks makes the stream helper reject', async () => {
    const prompt = scripted('one two three four five six', { cutAfter: 6, gapMs: 10 })
    const stream = client.chat.completions.stream({ model, messages: [user(prompt)] })
    expect(await failing(stream.finalChatCompletion())).toMatchObject({ code: 'upstream_stream_interrupted' })
  })
})

async function readUntilError(model: string, script: Script): Promise<{ texts: string; error: unknown }> {
  const stream = await client.chat.completions.create({
    model,
    stream: true,
    messages: [user(scripted('one two three four five six seven eight', script))],
  })
  let texts = ''
  try {
    for await (const chunk of stream) texts += chunk.choices[0]?.delta.content ?? ''
  } catch (error) {
    return { texts, error }
  }
  throw new Error(`The stream ended as if it were complete, with: ${texts}`)
}
