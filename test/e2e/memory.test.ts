import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { toFile } from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { wav } from '../../simulator/samples.ts'
import { type RunningGateway, startGateway } from '../support/gateway.ts'
import { openaiClient } from '../support/openai.ts'

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({ simulator: { recordLimit: 1 } })
})
afterAll(() => gateway.close())
beforeEach(() => gateway.simulator.reset())

const MB = 1_048_576

/** The runtimes that this process has started. */
function runtimes(): readonly string[] {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,comm'], { encoding: 'utf8' }).trim().split('\n')
  const rows = lines.map((line) => line.trim().split(/\s+/))
  const mine = new Set([String(process.pid)])
  for (const [pid = '', parent = ''] of rows) if (mine.has(parent)) mine.add(pid)
  return rows.filter(([pid = '', , name]) => mine.has(pid) && name === 'workerd').map(([pid = '']) => pid)
}

function heldBytes(pids: readonly string[]): number {
  return pids.reduce((sum, pid) => {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return sum + Number(kilobytes ?? 0) * 1_024
  }, 0)
}

/** The most that the runtime grew by while `work` went on. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  const pids = runtimes()
  const before = heldBytes(pids)
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, heldBytes(pids))
  }, 5)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return Math.max(most, heldBytes(pids)) - before
}

describe.runIf(process.platform === 'linux')('the memory of the runtime', () => {
  const large = wav(new Uint8Array(24.9 * MB).map((_, i) => i * 7))

  it.each(['whisper-1', 'gemini-3.8-flash'])('while %s is sent 25 MB', async (model) => {
    const client = openaiClient(gateway)
    const hear = async (bytes: Uint8Array) =>
      client.audio.transcriptions.create({ model, file: await toFile(bytes, 'otter.wav') })
    await hear(wav(new Uint8Array(48_000)))
    const grown = await growth(() => hear(large))
    expect(grown).toBeLessThan(40 * MB)
  })

  // A relayed answer is held once; a translated one is read and written again.
  it.each([
    ['gpt-image-2', 30],
    ['gemini-3-pro-image', 60],
  ] as const)('while %s sends 10 MB', async (model, most) => {
    const client = openaiClient(gateway)
    const draw = (bytes: number) =>
      client.images.generate({ model, prompt: `x [[sim {"bigEvents":${bytes}}]]` })
    await draw(1_000)
    const grown = await growth(() => draw(10_000_000))
    expect(grown).toBeLessThan(most * MB)
  })
})
