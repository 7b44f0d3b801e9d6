import { expect, test } from 'vitest'
import type { HealthObject } from '../../src/health/ports.ts'
import { bench, chat, fakeTimers, good, healthObject } from './support.ts'

test('a request asks nobody before its upstream while the copy of the health is fresh', async () => {
  const timers = fakeTimers()
  const events: string[] = []
  const real = healthObject(timers)
  const object: HealthObject = {
    ...real,
    report(report) {
      events.push('report')
      return real.report(report)
    },
  }
  const choices = [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }]
  const gateway = bench({
    timers,
    config: { failover: 'equivalents' },
    healthObject: () => object,
    upstream: () => {
      events.push('upstream')
      return Response.json({ id: 'c', object: 'chat.completion', created: 0, model: 'gpt-4o-mini', choices })
    },
  })
  const ask = async () => {
    const response = await gateway.fetch(chat(good()))
    expect(response.status).toBe(200)
    await gateway.idle()
    return events.splice(0)
  }
  expect((await ask())[0]).toBe('report') // the first copy is waited for, 150 ms at most
  await timers.advance(2_000)
  await ask() // a newborn target's copy is fresh for a second
  expect(await ask()).toEqual(['upstream'])
  await timers.advance(6_000)
  expect(await ask()).toEqual(['upstream', 'report']) // and a stale one is renewed behind the answer
})
