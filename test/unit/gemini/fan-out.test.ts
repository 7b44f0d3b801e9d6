import { describe, expect, test } from 'vitest'
import { GatewayError } from '../../../src/errors.ts'
import { chatFanOut } from '../../../src/protocol/chat-fan-out.ts'
import type { ChatChunk } from '../../../src/protocol/chat.ts'
import { chat, decode, encode, END, event, stream, whole } from './support.ts'

const usage = { promptTokenCount: 5, candidatesTokenCount: 3, thoughtsTokenCount: 2, totalTokenCount: 10 }

describe('[gemini 4.1 n] several choices', () => {
  test('[gemini-trap 104] are as many calls of one choice', () => {
    const parts = chatFanOut.split(chat({ n: 3, temperature: 1 }))
    expect(parts).toHaveLength(3)
    for (const part of parts) expect(encode({ ...part }).body).toEqual(encode({ temperature: 1 }).body)
    expect(chatFanOut.split(chat({ n: 3, seed: 7 })).map((part) => part.seed)).toEqual([7, 8, 9])
  })
  test.each([undefined, null, 1])('%j is one, and the request itself', (n) => {
    const request = chat({ n })
    expect(chatFanOut.split(request)).toEqual([request])
    expect(chatFanOut.split(request)[0]).toBe(request)
  })
  test.each([
    [0, 'invalid_value'],
    [-1, 'invalid_value'],
    [9, 'unsupported_value'],
    [1.5, 'invalid_type'],
    ['2', 'invalid_type'],
  ] as const)('%j is refused', (n, code) => {
    expect(() => chatFanOut.split(chat({ n }))).toThrow(GatewayError)
    expect(() => chatFanOut.split(chat({ n }))).toThrow(
      expect.objectContaining({ code, detail: { param: 'n' } }),
    )
  })
  test('whole answers are renumbered, their usage summed', () => {
    const joined = chatFanOut.join(
      ['a', 'b', 'c'].map((text) => decode(whole([{ text }], { usageMetadata: usage, responseId: text }))),
    )
    expect(joined.id).toBe('chatcmpl-a')
    expect(joined.choices.map((choice) => [choice.index, choice.message.content])).toEqual([
      [0, 'a'],
      [1, 'b'],
      [2, 'c'],
    ])
    expect(joined.usage).toMatchObject({
      prompt_tokens: 15,
      completion_tokens: 15,
      total_tokens: 30,
      completion_tokens_details: { reasoning_tokens: 6, audio_tokens: 0 },
    })
  })
  test('streams are merged: one role per choice, one id, one usage chunk at the very end', () => {
    const parts = ['a', 'b'].map((text) =>
      stream(
        [
          { ...event([{ text }]), responseId: text },
          { ...END, usageMetadata: usage },
        ],
        { stream_options: { include_usage: true } },
      ),
    )
    const out: ChatChunk[] = []
    const merge = chatFanOut.joinEvents(2)
    const longest = Math.max(...parts.map((part) => part.length))
    for (let i = 0; i < longest; i++) {
      for (const [part, chunks] of parts.entries()) {
        const chunk = chunks[i]
        if (chunk !== undefined) merge.push(part, chunk, (each) => out.push(each))
      }
    }
    merge.end(1, (each) => out.push(each))
    expect(out.at(-1)?.choices).toHaveLength(1)
    merge.end(0, (each) => out.push(each))
    expect(new Set(out.map((chunk) => chunk.id))).toEqual(new Set(['chatcmpl-a']))
    expect(
      out
        .flatMap((chunk) => chunk.choices)
        .filter((choice) => choice.delta.role !== undefined)
        .map((choice) => choice.index),
    ).toEqual([0, 1])
    expect(
      out
        .flatMap((chunk) => chunk.choices)
        .filter((choice) => choice.finish_reason === 'stop')
        .map((choice) => choice.index),
    ).toEqual([0, 1])
    expect(out.filter((chunk) => chunk.choices.length === 0)).toHaveLength(1)
    expect(out.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
    })
    expect(out.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
  })
})
