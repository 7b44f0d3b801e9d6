import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Script } from '../../simulator/index.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'

const ADMIN = 'operator-secret-of-the-tests-32-bytes'
type Row = Readonly<Record<string, number>>

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({
    variables: { ADMIN_SECRET: ADMIN, GATEWAY_SECRET: 'canary-secret-of-the-tests-32-bytes' },
  })
})
afterAll(() => gateway.close())

const post = (
  path: string,
  body: object,
  { headers, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> =>
  fetch(`${gateway.origin}/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  })
const chat = (model: string, script: Script, more: object = {}): Promise<Response> =>
  post('/chat/completions', {
    model,
    messages: [{ role: 'user', content: `Good morning [[sim ${JSON.stringify(script)}]]` }],
    ...more,
  })
const stream = { stream: true, stream_options: { include_usage: true } }

/** Half a second of silence. */
const SOUND = new Uint8Array(16_044)
SOUND.set(new TextEncoder().encode('RIFF'))
SOUND.set(new TextEncoder().encode('WAVEfmt '), 8)
function upload(task: 'transcriptions' | 'translations', model: string): Promise<Response> {
  const body = new FormData()
  body.append('model', model)
  body.append('file', new Blob([SOUND], { type: 'audio/wav' }), 'silence.wav')
  return fetch(`${gateway.origin}/v1/audio/${task}`, { method: 'POST', body })
}
const image = (model: string): Promise<Response> =>
  post('/images/generations', { model, prompt: 'A lighthouse' })
const speech = (model: string, voice: string, more: object = {}): Promise<Response> =>
  post('/audio/speech', { model, voice, input: 'A kind word', ...more })

/** Mixed traffic: both providers, streams and whole answers, all endpoints that report tokens, and faults. */
const TRAFFIC: readonly (() => Promise<Response>)[] = [
  () => chat('gpt-4o-mini', {}),
  () => chat('gemini-2.5-flash', {}),
  () => chat('gpt-4o-mini', {}, stream),
  () => chat('gemini-2.5-flash', { thoughtsTokens: 30 }, stream),
  () => chat('gpt-4o-mini', { byteByByte: true }, stream),
  () => chat('gpt-4o-mini', { status: 500, failTimes: 1 }),
  () => chat('gemini-2.5-flash', { status: 503, failTimes: 1 }, stream),
  () => chat('gpt-4o-mini', { status: 429, retryAfter: 1 }),
  () => chat('gemini-2.5-flash', { error: 'per_day' }),
  () => post('/embeddings', { model: 'text-embedding-3-small', input: ['one text', 'and another'] }),
  () => post('/completions', { model: 'gpt-4o-mini', prompt: 'Once upon a time' }),
  () => post('/responses', { model: 'gpt-4o-mini', input: 'Good evening' }),
  () => post('/responses', { model: 'gpt-4o-mini', input: 'Good night', stream: true }),
  () => post('/responses', { model: 'gemini-2.5-flash', input: 'Good night', stream: true }),
  () => chat('o3-pro', {}),
  () => image('gpt-image-2'),
  () => image('gemini-3-pro-image'),
  () => speech('gpt-4o-mini-tts', 'alloy', { stream_format: 'sse' }),
  () => speech('tts-1', 'alloy'),
  () => speech('gemini-3.8-flash-tts', 'alloy', { response_format: 'wav' }),
  () => upload('transcriptions', 'gpt-4o-transcribe'),
  () => upload('transcriptions', 'gemini-2.5-flash'),
  () => upload('transcriptions', 'whisper-1'),
  () => upload('translations', 'whisper-1'),
  () => post('/moderations', { model: 'omni-moderation-latest', input: 'a kind word' }),
]

/** A session with one answer. */
async function session(): Promise<void> {
  const socket = new WebSocket(`${gateway.origin.replace('http', 'ws')}/v1/realtime?model=gpt-realtime-2.1`)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.addEventListener('error', () => reject(new Error('The session broke.')))
  socket.addEventListener('open', () => {
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hello' }] }
    socket.send(JSON.stringify({ type: 'conversation.item.create', item }))
    socket.send(JSON.stringify({ type: 'response.create' }))
  })
  socket.addEventListener('message', ({ data }) => {
    if (String(data).includes('"response.done"')) resolve()
  })
  await promise
  socket.close()
}

async function usage(query = ''): Promise<readonly Row[]> {
  const response = await fetch(`${gateway.origin}/admin/usage?${query}`, {
    headers: { authorization: `Bearer ${ADMIN}` },
  })
  return ((await response.json()) as { data: readonly Row[] }).data
}

/** What the upstreams say that they served, for answers that ended with usage. */
function served() {
  let input = 0
  let output = 0
  for (const { usage: said, complete, status, path } of gateway.received) {
    if (said === undefined || !complete || status !== 200) continue
    const of = (name: string): number => Number(said[name] ?? 0)
    if (path.includes('moderations')) continue
    input += of('prompt_tokens') + of('input_tokens') + of('promptTokenCount')
    output +=
      of('completion_tokens') + of('output_tokens') + of('candidatesTokenCount') + of('thoughtsTokenCount')
  }
  return { input, output }
}

describe('a day of mixed traffic', () => {
  it('ends with the same sums in the ledger and at the upstreams', async () => {
    const calls = Array.from({ length: 4 }, () => TRAFFIC).flat()
    const statuses: Record<number, number> = {}
    for (const call of calls) {
      const response = await call()
      statuses[response.status] = (statuses[response.status] ?? 0) + 1
      await response.text()
    }
    // What no other target could mend: a rate limit and a used up quota each time, and the outage of one request.
    expect(statuses).toEqual({ 200: calls.length - 9, 429: 8, 503: 1 })
    await expect
      .poll(async () => (await usage())[0]?.['requests'], { timeout: 12_000, interval: 500 })
      .toBe(calls.length)
    const [row] = await usage()
    expect({ input: row?.['input_tokens'], output: row?.['output_tokens'] }).toEqual(served())
    const failed = gateway.received.filter(({ status }) => status !== 200).length
    expect(row?.['failed_attempts']).toBe(failed)
  })

  it('books a kept answer as saved, a stream that was left as an estimate, and a session by its events', async () => {
    const before = await usage('group_by=endpoint')
    const since = async (endpoint: string): Promise<Record<string, number>> => {
      const of = (rows: readonly Row[]): Row => rows.find((row) => String(row['endpoint']) === endpoint) ?? {}
      const [now, old] = [of(await usage('group_by=endpoint')), of(before)]
      return Object.fromEntries(Object.keys(now).map((name) => [name, (now[name] ?? 0) - (old[name] ?? 0)]))
    }
    const asked = gateway.received.length
    for (const status of ['miss', 'hit']) {
      const answer = await post(
        '/embeddings',
        { model: 'text-embedding-3-small', input: 'twice' },
        { headers: { 'x-gateway-cache': 'on' } },
      )
      expect(answer.headers.get('x-gateway-cache')).toBe(status)
      await answer.text()
    }
    expect(gateway.received.length - asked).toBe(1)
    const leaving = new AbortController()
    const left = await post(
      '/chat/completions',
      {
        model: 'gpt-4o-mini',
        messages: [{ role: 'user', content: 'Count to a hundred [[sim {"gapMs": 50}]]' }],
        stream: true,
      },
      { signal: leaving.signal },
    )
    await left.body?.getReader().read()
    leaving.abort()
    await session()
    await expect
      .poll(async () => (await since('realtime'))['requests'], { timeout: 12_000, interval: 500 })
      .toBe(1)
    const embeddings = await since('embeddings')
    const used = embeddings['input_tokens']
    expect(embeddings).toMatchObject({ requests: 2, saved_input_tokens: used })
    expect(await since('chat')).toMatchObject({ requests: 1, cancelled: 1, estimated: 1 })
    const spoken = await since('realtime')
    expect(spoken['input_tokens']).toBeGreaterThan(0)
    expect(spoken['output_tokens']).toBeGreaterThan(0)
  })
})
