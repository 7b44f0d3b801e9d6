import type { RunningGateway } from './gateway.ts'

/** As many successes as pay for one retry of the gateway (and two to spare). */
const CALMS = 12
const DEADLINE_MS = 20_000

/**
 * Lets the gateway find out that what a test made ill is well again: its breakers remember, and tests that share a
 * gateway must not. Asks every model that was asked until several answers in a row are good.
 */
export async function recover(gateway: RunningGateway): Promise<void> {
  const models = new Set(gateway.received.map(({ model }) => model).filter((model) => model !== ''))
  gateway.simulator.reset()
  for (const model of models) await calm(gateway, model)
  gateway.simulator.reset()
}

async function calm(gateway: RunningGateway, model: string): Promise<void> {
  const until = performance.now() + DEADLINE_MS
  let good = 0
  while (good < CALMS) {
    if (performance.now() > until) throw new Error(`${model} is not well again after ${DEADLINE_MS} ms.`)
    const response = await fetch(`${gateway.origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, messages: [{ role: 'user', content: 'well again?' }] }),
    })
    await response.arrayBuffer()
    // A model that the simulator does not know cannot get well.
    if (response.status === 404) return
    good = response.ok ? good + 1 : 0
  }
}
