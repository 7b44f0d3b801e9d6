import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../simulator/json.ts'
import { at, bench, eventsOf, generate, joined, numberAt, prompt, read } from './support.ts'
import type { Answered } from './support.ts'

const TOOLS: JsonObject = {
  tools: [
    {
      functionDeclarations: [
        {
          name: 'first',
          description: 'd',
          parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } },
        },
        { name: 'second', description: 'd' },
      ],
    },
  ],
}
const SSE = 'streamGenerateContent?alt=sse'
const PARTS = 'candidates.0.content.parts'

async function send(request: Request): Promise<Answered> {
  return read(await bench().fetch(request))
}

function partsOf(event: unknown): Json[] {
  return (at(event, PARTS) ?? []) as Json[]
}

describe('a whole answer', () => {
  test('has the members of 3 and its signature on the text', async () => {
    const { json, headers } = await send(prompt('Grüß dich 👋'))
    expect(json).toMatchObject({
      candidates: [
        {
          content: {
            role: 'model',
            parts: [{ text: 'You said: Grüß dich 👋', thoughtSignature: expect.any(String) }],
          },
          finishReason: 'STOP',
        },
      ],
      usageMetadata: { thoughtsTokenCount: 64 },
      modelVersion: 'gemini-3.8-flash',
      responseId: expect.any(String),
    })
    expect(headers.get('x-gemini-service-tier')).toBe('standard')
  })

  test('counts: total is prompt, candidates and thoughts; cached is part of prompt; zeros are left out', async () => {
    const usage = (await send(prompt('something cached'))).json['usageMetadata']
    const input = numberAt(usage, 'promptTokenCount')
    const output = numberAt(usage, 'candidatesTokenCount') + numberAt(usage, 'thoughtsTokenCount')
    expect(at(usage, 'totalTokenCount')).toBe(input + output)
    expect(at(usage, 'cachedContentTokenCount')).toBe(Math.floor((input * 3) / 4))
    const bare = (await send(generate({}, 'gemini-2.5-flash-lite'))).json['usageMetadata'] as JsonObject
    expect(bare).not.toHaveProperty('thoughtsTokenCount')
    expect(bare).not.toHaveProperty('cachedContentTokenCount')
  })

  test('counts media apart', async () => {
    const parts = [{ text: 'see' }, { inlineData: { mimeType: 'image/png', data: 'AAAAAAAA' } }]
    const { json } = await send(generate({ contents: [{ role: 'user', parts }] }))
    expect(at(json, `${PARTS}.0.text`)).toBe('You said: see (1 attached: image/png of 6 bytes)')
    expect(at(json, 'usageMetadata.promptTokensDetails')).toContainEqual({
      modality: 'IMAGE',
      tokenCount: 1_120,
    })
  })

  test('shows thoughts only when asked', async () => {
    const { json } = await send(
      prompt('hi', { generationConfig: { thinkingConfig: { includeThoughts: true } } }),
    )
    expect(partsOf(json)).toMatchObject([
      { thought: true, text: expect.any(String) },
      { text: 'You said: hi' },
    ])
  })

  test('thoughts eat a small budget: MAX_TOKENS and no parts', async () => {
    const { json } = await send(prompt('hi', { generationConfig: { maxOutputTokens: 10 } }))
    expect(at(json, 'candidates.0')).toEqual({
      content: { role: 'model' },
      finishReason: 'MAX_TOKENS',
      index: 0,
    })
    expect(at(json, 'usageMetadata.thoughtsTokenCount')).toBe(10)
    expect(at(json, 'usageMetadata')).not.toHaveProperty('candidatesTokenCount')
  })

  test('follows a schema', async () => {
    const generationConfig = {
      responseMimeType: 'application/json',
      responseJsonSchema: { type: 'array', items: { type: 'integer' } },
    }
    const { json } = await send(prompt('hi', { generationConfig }))
    expect(at(json, `${PARTS}.0.text`)).toBe('[1]')
  })
})

describe('calls', () => {
  test('arrive whole; the first is signed, ids are there, no arguments means no args', async () => {
    const { json } = await send(prompt('in parallel', TOOLS))
    expect(partsOf(json)).toEqual([
      {
        functionCall: { id: expect.stringMatching(/^\w{8}$/), name: 'first', args: { city: 'sample city' } },
        thoughtSignature: expect.any(String),
      },
      { functionCall: { id: expect.stringMatching(/^\w{8}$/), name: 'second' } },
    ])
    expect(at(json, 'candidates.0.finishReason')).toBe('STOP')
  })

  test('obey the calling mode', async () => {
    const named = {
      ...TOOLS,
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['second'] } },
    }
    expect(partsOf((await send(prompt('in parallel', named))).json)).toMatchObject([
      { functionCall: { name: 'second' } },
    ])
    const none = { ...TOOLS, toolConfig: { functionCallingConfig: { mode: 'NONE' } } }
    expect(partsOf((await send(prompt('hi', none))).json)).toMatchObject([{ text: 'You said: hi' }])
  })

  test('a signature that comes back is accepted, and the results are quoted', async () => {
    const simulator = bench()
    const contents: Json[] = [{ role: 'user', parts: [{ text: 'hi' }] }]
    const first = await read(await simulator.fetch(generate({ contents, ...TOOLS })))
    const call = partsOf(first.json)[0] as JsonObject
    const response = {
      functionResponse: {
        id: at(call, 'functionCall.id') as string,
        name: 'first',
        response: { output: '21 °C' },
      },
    }
    const round = [...contents, { role: 'model', parts: [call] }, { role: 'user', parts: [response] }]
    const second = await read(await simulator.fetch(generate({ contents: round, ...TOOLS })))
    expect(at(second.json, `${PARTS}.0.text`)).toBe('The tools returned: {"output":"21 °C"}')
  })
})

describe('a stream', () => {
  test('one id and version, cumulative usage, one finish on an empty signed part, CRLF and no [DONE]', async () => {
    const { text, headers } = await send(prompt('a b', {}, SSE))
    expect(headers.get('content-type')).toBe('text/event-stream')
    expect(text).not.toContain('[DONE]')
    expect(text.replaceAll('\r\n', '')).not.toContain('\n')
    const events = eventsOf(text)
    expect(joined(events, `${PARTS}.0.text`)).toBe('You said: a b')
    expect(
      new Set(events.map(({ responseId, modelVersion }) => JSON.stringify([responseId, modelVersion]))).size,
    ).toBe(1)
    expect(events.filter((event) => at(event, 'candidates.0.finishReason') !== undefined)).toEqual([
      events.at(-1),
    ])
    expect(partsOf(events.at(-1))).toEqual([{ text: '', thoughtSignature: expect.any(String) }])
    const counts = events.map((event) => numberAt(event, 'usageMetadata.candidatesTokenCount'))
    expect(counts).toEqual([...counts].sort((a, b) => a - b))
    expect(counts[0]).toBeLessThan(counts.at(-1) ?? 0)
  })

  test('calls in whole parts, then an empty text with the finish', async () => {
    const events = eventsOf((await send(prompt('parallel', TOOLS, SSE))).text)
    expect(
      events.map((event) => partsOf(event).map((part) => at(part, 'functionCall.name') ?? at(part, 'text'))),
    ).toEqual([['first'], ['second'], ['']])
    expect(partsOf(events.at(-1))).toEqual([{ text: '' }])
    expect(at(events[0], `${PARTS}.0.thoughtSignature`)).toEqual(expect.any(String))
  })

  test('without alt=sse one JSON array', async () => {
    const { text, headers } = await send(prompt('a b', {}, 'streamGenerateContent'))
    expect(headers.get('content-type')).toContain('application/json')
    expect(joined(JSON.parse(text) as JsonObject[], `${PARTS}.0.text`)).toBe('You said: a b')
  })

  test('thought parts first', async () => {
    const events = eventsOf(
      (await send(prompt('hi', { generationConfig: { thinkingConfig: { includeThoughts: true } } }, SSE)))
        .text,
    )
    const thoughts = events.map((event) => at(event, `${PARTS}.0.thought`) === true)
    expect(thoughts[0]).toBe(true)
    expect(thoughts.lastIndexOf(true)).toBeLessThan(thoughts.indexOf(false))
  })
})
