import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Script } from '../../simulator/index.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'

const ADMIN = 'operator-secret-of-the-tests-32-bytes'
type Row = Readonly<Record<string, number>>

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({ variables: { ADMIN_SECRET: ADMIN } })
})
afterAll(() => gateway.close())

const post = (path: string, body: object, signal?: AbortSignal): Promise<Response> =>
  fetch(`${gateway.origin}/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
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
  () => post('/moderations', { model: 'omni-moderation-latest', input: 'a kind word' }),
]

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
    for (const call of calls) await (await call()).text()
    await expect
      .poll(async () => (await usage())[0]?.['requests'], { timeout: 12_000, interval: 500 })
      .toBe(calls.length)
    const [row] = await usage()
    expect({ input: row?.['input_tokens'], output: row?.['output_tokens'] }).toEqual(served())
    const failed = gateway.received.filter(({ status }) => status !== 200).length
    expect(row?.['failed_attempts']).toBe(failed)
  })
})
