import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { MODELS } from '../support/models.ts'

const START_MS = 45_000
const STOP_MS = 10_000

let child: ChildProcess
let output = ''
let port: number

// A developer's own keys in .dev.vars would have it talk to the real providers.
describe.skipIf(existsSync('.dev.vars'))('npm start without a key', () => {
  beforeAll(async () => {
    port = await freePort()
    const { OPENAI_API_KEY: _, GEMINI_API_KEY: __, ...env } = process.env
    child = spawn('node', ['scripts/start.ts'], { env: { ...env, PORT: String(port) } })
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
      })
    await eventually('the gateway says that it is ready', () => output.includes('is ready'), START_MS)
  }, START_MS)
  afterAll(async () => {
    child.kill('SIGTERM')
    await eventually('the gateway stops', () => child.exitCode !== null || child.signalCode !== null, STOP_MS)
  })

  it('says that the simulator answers, and how to try it', () => {
    expect(output).toContain('SIMULATOR')
    expect(output).toContain(`curl http://localhost:${port}/v1/chat/completions`)
  })

  it('serves the request that it shows', async () => {
    const [, body = ''] = /-d '(\{.*\})'/.exec(output) ?? []
    const answer = await post(JSON.parse(body) as object)
    expect(await answer.json()).toMatchObject({ choices: [{ message: { content: 'You said: Say hello.' } }] })
  })

  it.each(MODELS)('serves %s, whole and streamed', async (model) => {
    const messages = [{ role: 'user', content: 'Say hello.' }]
    const whole = await post({ model, messages })
    expect(whole.status).toBe(200)
    expect(await whole.json()).toMatchObject({ choices: [{ message: { content: 'You said: Say hello.' } }] })
    const stream = await post({ model, messages, stream: true })
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/)
  })
})

function post(body: object): Promise<Response> {
  return fetch(`http://localhost:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
