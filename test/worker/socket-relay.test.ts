import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../src/errors.ts'
import { joinSockets } from '../../src/gateway/realtime/socket-relay.ts'
import { sessionMeter } from '../../src/protocol/realtime.ts'

/** As much of the runtime's socket as a relay touches. */
class Socket extends EventTarget {
  binaryType = 'blob'
  bufferedAmount: number | undefined
  /** What frames arrive as: chosen before the socket is accepted, or never. */
  frames: string | undefined
  readonly sent: unknown[] = []
  readonly closes: (readonly [number, string])[] = []
  accept(): void {
    this.frames = this.binaryType
  }
  send(data: unknown): void {
    if (this.closes.length > 0) throw new TypeError('closed')
    this.sent.push(data)
  }
  close(code: number, reason: string): void {
    if (this.closes.length > 0) throw new TypeError('closed')
    this.closes.push([code, reason])
  }
  hear(data: unknown): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
  leave(code: number, reason = ''): void {
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason }))
  }
}

function joined(more: Partial<Parameters<typeof joinSockets>[2]> = {}) {
  const [client, upstream, meter] = [new Socket(), new Socket(), sessionMeter()]
  const clock = { now: 1_790_000_000_000 }
  const ended = joinSockets(client as unknown as WebSocket, upstream as unknown as WebSocket, {
    meter,
    now: () => clock.now,
    ...more,
  })
  return { client, upstream, meter, ended, clock }
}
const MB = 1_048_576
const CUT_SHORT = { finish: 'cut-short', failure: { kind: 'cut_short' } }

describe('two joined sockets', () => {
  test('pass frames of both kinds as they are, in their order', () => {
    const { client, upstream } = joined()
    const frames = ['a', new ArrayBuffer(3), '', '{"b":1}']
    for (const frame of frames) upstream.hear(frame)
    for (const frame of frames.toReversed()) client.hear(frame)
    expect([client.frames, upstream.frames]).toEqual(['arraybuffer', 'arraybuffer'])
    expect(client.sent).toEqual(frames)
    expect(client.sent[1]).toBe(frames[1])
    expect(upstream.sent).toEqual(frames.toReversed())
  })

  test('only what the upstream says is metered', () => {
    const { client, upstream, meter } = joined()
    const done = JSON.stringify({
      type: 'response.done',
      response: { usage: { input_tokens: 1, output_tokens: 2 } },
    })
    client.hear(done)
    expect(meter.usage).toBeUndefined()
    upstream.hear(done)
    expect(meter.usage).toMatchObject({ inputTokens: 1, outputTokens: 2 })
  })

  test.each([
    ['client', 1000, [1000, 'bye'], { finish: 'complete' }],
    ['client', 1006, [1011, 'bye'], { finish: 'cancelled' }],
    ['upstream', 1000, [1000, 'bye'], { finish: 'complete' }],
    ['upstream', 4003, [4003, 'bye'], { finish: 'complete' }],
    ['upstream', 1006, [1011, 'bye'], CUT_SHORT],
    ['upstream', 1011, [1011, 'bye'], CUT_SHORT],
    ['upstream', 1012, [1012, 'bye'], CUT_SHORT],
  ] as const)('W-07 the %s leaves with %i', async (who, code, told, how) => {
    const pair = joined()
    pair[who].leave(code, 'bye')
    expect(pair[who === 'client' ? 'upstream' : 'client'].closes).toEqual([told])
    expect(await pair.ended).toMatchObject(how)
  })

  test.each([
    ['client', 'x'.repeat(16 * MB + 1), { finish: 'cancelled' }],
    ['client', new ArrayBuffer(16 * MB + 1), { finish: 'cancelled' }],
    ['upstream', 'x'.repeat(16 * MB + 1), CUT_SHORT],
  ] as const)('W-05 a message of the %s that is too long ends it', async (who, message, how) => {
    const pair = joined()
    pair[who].hear(message)
    for (const { sent, closes } of [pair.client, pair.upstream])
      expect([sent, closes]).toEqual([[], [[1009, 'The message is too long.']]])
    // The peers' own closes are echoes, and nobody's doing.
    pair.upstream.leave(1009)
    pair.client.leave(1009)
    expect(await pair.ended).toMatchObject(how)
  })

  test.each([
    ['client', { finish: 'cancelled' }],
    ['upstream', CUT_SHORT],
  ] as const)('a %s that does not read is let go, where the runtime says so', async (who, how) => {
    const pair = joined()
    const other = who === 'client' ? 'upstream' : 'client'
    pair[other].hear('first')
    pair[who].bufferedAmount = 9 * MB
    pair[other].hear('second')
    expect(pair[who].sent).toEqual(['first'])
    expect([...pair.client.closes, ...pair.upstream.closes].map(([code]) => code)).toEqual([1013, 1013])
    pair.upstream.leave(1013)
    expect(await pair.ended).toMatchObject(how)
  })

  test('W-08 a frame that may not pass is answered in its place, and the session goes on', async () => {
    const { client, upstream, ended } = joined({
      refuses: (frame) =>
        frame === 'dearer' ? new GatewayError('model_not_found', 'No.', { param: 'model' }) : undefined,
    })
    for (const frame of ['first', 'dearer', 'last']) client.hear(frame)
    expect(upstream.sent).toEqual(['first', 'last'])
    expect(client.sent.map((each) => JSON.parse(String(each)))).toEqual([
      {
        type: 'error',
        event_id: 'event_gateway',
        error: {
          type: 'invalid_request_error',
          code: 'model_not_found',
          message: 'No.',
          param: 'model',
          event_id: null,
        },
      },
    ])
    client.leave(1000)
    expect(await ended).toEqual({ finish: 'complete' })
  })

  test.each(['client', 'upstream'] as const)(
    'a session that may not go on ends with the next frame of the %s, or once that is known',
    async (who) => {
      const error = new GatewayError('invalid_api_key', 'Incorrect API key provided.')
      let ended = false
      let tell = (): void => undefined
      const pair = joined({
        ends(heard) {
          tell = heard
          return ended ? error : undefined
        },
      })
      pair.upstream.hear('before')
      ended = true
      if (who === 'client') pair.client.hear('after')
      else pair.upstream.hear('after')
      expect(pair.upstream.sent).toEqual([])
      const [before, told, ...rest] = pair.client.sent
      expect([before, JSON.parse(String(told)), rest]).toMatchObject([
        'before',
        { type: 'error', error: { code: 'invalid_api_key' } },
        [],
      ])
      expect(pair.client.closes).toEqual([[1008, 'Incorrect API key provided.']])
      expect(pair.upstream.closes).toEqual([[1000, '']])
      expect(await pair.ended).toEqual({ finish: 'cancelled', error })

      ended = false
      const waiting = joined({
        ends(heard) {
          tell = heard
          return ended ? error : undefined
        },
      })
      waiting.client.hear('passes while it is asked')
      ended = true
      tell()
      expect(waiting.client.closes).toEqual([[1008, 'Incorrect API key provided.']])
    },
  )
  const chunk = 'A'.repeat(MB)
  const times = (count: number, act: () => void): void => {
    for (let i = 0; i < count; i++) act()
  }

  test('a client that has said nothing for 24 MB is let go: it may have stopped to read', async () => {
    const { client, upstream, ended } = joined()
    times(24, () => upstream.hear(chunk))
    expect(client.closes).toEqual([])
    client.hear('{}')
    times(24, () => upstream.hear(chunk))
    expect(client.sent).toHaveLength(48)
    upstream.hear('one too many')
    expect(client.sent).toHaveLength(48)
    expect(client.closes).toEqual([[1013, 'Too much waits to be read.']])
    expect(upstream.closes).toEqual([[1013, 'The other side does not keep up.']])
    expect(await ended).toEqual({ finish: 'cancelled' })
  })

  test('an upstream that is silent may be spoken to for an hour, but not be flooded', async () => {
    const { client, upstream, ended, clock } = joined()
    const second = 'A'.repeat(64_000)
    times(3_600, () => {
      clock.now += 1_000
      client.hear(second)
    })
    expect(upstream.sent).toHaveLength(3_600)
    times(25, () => client.hear(chunk))
    expect(upstream.sent).toHaveLength(3_623) // the last second counts as well
    expect([...client.closes, ...upstream.closes].map(([code]) => code)).toEqual([1013, 1013])
    expect(await ended).toMatchObject(CUT_SHORT)
  })

  test('a clock that goes back neither counts nor stops counting', () => {
    const { client, upstream, clock } = joined()
    times(23, () => client.hear(chunk))
    clock.now -= 3_600_000
    client.hear('{}')
    expect(upstream.closes).toEqual([])
    clock.now += 3_600_000
    times(2, () => client.hear(chunk))
    expect(upstream.closes).toHaveLength(1)
  })

  test('a frame for a socket that has just closed is dropped', () => {
    const { client, upstream } = joined()
    client.close(1000, '')
    expect(() => upstream.hear('late')).not.toThrow()
  })
})
