import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { fromZod } from '../../../src/http/errors.ts'

const body = z.looseObject({
  messages: z.array(z.string()).min(1).max(2),
  input: z.string().min(1).optional(),
  n: z.number().int().min(1).max(10).optional(),
  format: z.enum(['audio', 'sse']).optional(),
})
const refusal = (value: object) => {
  const { error } = body.safeParse({ messages: ['hi'], ...value })
  if (error === undefined) throw new Error('it is valid')
  const { code, param, message } = fromZod(error).toBody().error
  return { code, param, message }
}

describe('what a validator finds', () => {
  it('is said of an empty list as OpenAI says it', () => {
    expect(refusal({ messages: [] })).toEqual({
      code: 'empty_array',
      param: 'messages',
      message:
        "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
    })
  })

  it.each([
    [{ messages: ['a', 'b', 'c'] }, 'too_many_items', 'messages'],
    [{ input: '' }, 'invalid_value', 'input'],
    [{ n: 0 }, 'invalid_value', 'n'],
    [{ n: 11 }, 'invalid_value', 'n'],
    [{ n: 1.5 }, 'invalid_type', 'n'],
    [{ format: 'mp3' }, 'invalid_value', 'format'],
    [{ messages: undefined }, 'missing_required_parameter', 'messages'],
    [{ messages: 'hi' }, 'invalid_type', 'messages'],
  ])("is said in none of the validator's words: %j", (value, code, param) => {
    const error = refusal(value)
    expect(error).toMatchObject({ code, param })
    expect(error.message).not.toMatch(/too (?:small|big)|invalid (?:input|option)|expected one of/i)
    expect(error.message).toMatch(/^[A-Z].*[^.]\.$/)
  })
})
