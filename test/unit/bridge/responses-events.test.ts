import fc from 'fast-check'
import { ResponseStream } from 'openai/lib/responses/ResponseStream'
import { describe, expect, it } from 'vitest'
import { openEnvelope } from '../../../src/protocol/bridge/envelope.ts'
import { responsesOverChat } from '../../../src/protocol/bridge/responses-over-chat.ts'
import type { ChatChunk, ChatCompletion, ChatDelta } from '../../../src/protocol/chat.ts'
import type { ResponsesEvent, ResponsesRequest } from '../../../src/protocol/responses.ts'
import { responses } from '../../../src/protocol/responses-endpoint.ts'
import { observeResponses } from '../../../src/protocol/responses-observer.ts'
import { chunk, context, signed, usageChunk } from './support.ts'

const REQUEST: ResponsesRequest = { model: 'gemini-3.8-flash', input: 'Hi' }

function eventsOf(chunks: readonly ChatChunk[], request: Partial<ResponsesRequest> = {}): ResponsesEvent[] {
  const events: ResponsesEvent[] = []
  const decoder = responsesOverChat.events({ ...REQUEST, ...request }, context())
  for (const each of chunks) decoder.push(each, (event) => events.push(event))
  decoder.end((event) => events.push(event))
  return events
}

/** What the strictest reader there is makes of the events. */
async function accepted(events: readonly ResponsesEvent[]) {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('')
  return ResponseStream.fromReadableStream(new Response(lines).body!).finalResponse()
}

const ROLE = chunk({ role: 'assistant', content: '', refusal: null })
const call = (index: number, more: object = {}): ChatDelta => ({
  tool_calls: [
    { index, id: `call_${index}`, type: 'function', function: { name: 'f', arguments: '{"a":1}' }, ...more },
  ],
})
const citation = {
  type: 'url_citation',
  url_citation: { url: 'https://a.test', title: 'A', start_index: 0, end_index: 2 },
} as const

describe('the events of a bridged response', () => {
  it.each([
    ['text', [ROLE, chunk({ content: 'He' }), chunk({ content: 'llo' }), chunk({}, 'stop'), usageChunk]],
    [
      'thoughts-and-calls',
      [
        ROLE,
        chunk({ reasoning_content: 'Let me ' }),
        chunk({ reasoning_content: 'see.' }),
        chunk(call(0, { extra_content: signed('c2ln') })),
        chunk(call(1)),
        chunk({}, 'tool_calls'),
        usageChunk,
      ],
    ],
    [
      'search',
      [
        ROLE,
        chunk({ content: 'It is so.' }),
        chunk(
          {
            annotations: [citation],
            extra_content: { google: { web_search_queries: ['is it so'], search_entry_point: '<b>' } },
          },
          'stop',
        ),
        usageChunk,
      ],
    ],
    ['refusal', [chunk({ refusal: 'No.' }), chunk({}, 'content_filter'), usageChunk]],
    [
      'picture',
      [
        chunk({
          images: [
            {
              index: 0,
              type: 'image_url',
              image_url: { url: 'data:image/png;base64,aGk=' },
              extra_content: signed('aW1n'),
            },
          ],
        }),
        chunk({}, 'stop'),
        usageChunk,
      ],
    ],
  ])('%s', async (name, chunks) => {
    const events = eventsOf(chunks)
    const text = events.map((event) => responses.frame(event, JSON.stringify(event))).join('')
    await expect(text).toMatchFileSnapshot(`../../fixtures/bridge/${name}.sse`)
    const final = await accepted(events)
    expect(final.output).toMatchObject(events.at(-1)?.response?.output ?? [])
  })

  it('begin to mean something with the first thing that is said', () => {
    const observer = observeResponses()
    const seen = eventsOf([ROLE, chunk({ content: 'Hi' })]).map((event) => {
      observer.see(event)
      return [event.type, observer.started]
    })
    expect(seen).toEqual([
      ['response.created', false],
      ['response.in_progress', false],
      ['response.output_item.added', false],
      ['response.content_part.added', false],
      ['response.output_text.delta', true],
    ])
  })

  it('have no end where the chat has none', () => {
    const types = eventsOf([ROLE, chunk({ content: 'Hi' })]).map(({ type }) => type)
    expect(types).not.toContain('response.completed')
  })

  it('carry a signature of the text only for those who ask for it', () => {
    const chunks = [chunk({ content: 'Hi' }), chunk({ extra_content: signed('dGV4dA==') }, 'stop')]
    expect(
      eventsOf(chunks)
        .at(-1)
        ?.response?.output.map(({ type }) => type),
    ).toEqual(['message'])
    const asked = eventsOf(chunks, { include: ['reasoning.encrypted_content'] }).at(-1)?.response?.output
    expect(asked?.map(({ type }) => type)).toEqual(['message', 'reasoning'])
    const last = asked?.at(-1) as { encrypted_content?: string }
    expect(openEnvelope(last.encrypted_content)).toEqual(signed('dGV4dA=='))
  })

  it('keep a signature that comes after its call', () => {
    const events = eventsOf([
      chunk(call(0)),
      chunk({ tool_calls: [{ index: 0, extra_content: signed('bGF0ZQ==') }] }),
      chunk({}, 'tool_calls'),
    ])
    const last = events.at(-1)?.response?.output.at(-1) as { encrypted_content?: string }
    expect(openEnvelope(last.encrypted_content)).toEqual({ ...signed('bGF0ZQ=='), on: 'call_0' })
  })

  it('are taken by the strictest reader, whatever comes in whatever order', async () => {
    const delta = fc.oneof(
      fc.record({ content: fc.string({ minLength: 1 }) }),
      fc.record({ reasoning_content: fc.string({ minLength: 1 }) }),
      fc.record({ refusal: fc.string({ minLength: 1 }) }),
      fc.constant<ChatDelta>({ annotations: [citation] }),
      fc.constant<ChatDelta>({ extra_content: signed('c2ln') }),
      fc.constant<ChatDelta>({ extra_content: { google: { web_search_queries: ['q'] } } }),
      fc.constant('call' as const),
      fc.constant('more' as const),
    )
    const finish = fc.constantFrom('stop', 'length', 'tool_calls', 'content_filter')
    await fc.assert(
      fc.asyncProperty(fc.array(delta, { maxLength: 12 }), finish, async (deltas, reason) => {
        let calls = 0
        const chunks = deltas.map((each) => {
          if (each === 'call')
            return chunk(call(calls++, calls % 2 === 0 ? { extra_content: signed('eA==') } : {}))
          if (each === 'more')
            return chunk(
              calls === 0 ? {} : { tool_calls: [{ index: calls - 1, function: { arguments: ' ' } }] },
            )
          return chunk(each)
        })
        const events = eventsOf([ROLE, ...chunks, chunk({}, reason), usageChunk], {
          include: ['reasoning.encrypted_content'],
        })
        expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, i) => i))
        const final = await accepted(events)
        expect(final.output.filter(({ type }) => type === 'function_call')).toHaveLength(calls)
      }),
      { numRuns: 150 },
    )
  })
})

describe('a whole bridged response', () => {
  it('is what the stream adds up to, thoughts and searches first', async () => {
    const completion: ChatCompletion = {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1_790_000_000,
      model: 'gemini-3.8-flash',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          logprobs: null,
          message: {
            role: 'assistant',
            content: 'So.',
            refusal: null,
            reasoning_content: 'Hm.',
            annotations: [citation],
            extra_content: {
              google: { ...signed('dGV4dA==').google, web_search_queries: ['is it so'] },
            },
            tool_calls: [
              {
                id: 'call_0',
                type: 'function',
                function: { name: 'f', arguments: '{}' },
                extra_content: signed('c2ln'),
              },
            ],
          },
        },
      ],
      usage: usageChunk.usage,
      model_version: 'gemini-3.8-flash-002',
    }
    const request = {
      ...REQUEST,
      instructions: 'Be brief.',
      metadata: { a: 'b' },
      text: { format: { type: 'json_object' } },
      reasoning: { effort: 'low', summary: 'auto' },
      max_output_tokens: 100,
    }
    const response = responsesOverChat.response(completion, request, context())
    await expect(`${JSON.stringify(response)}\n`).toMatchFileSnapshot('../../fixtures/bridge/whole.jsonl')
  })
})
