import { readFileSync } from 'node:fs'
import type * as Google from '@google/genai'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { ENUMS, MESSAGES } from '../../../simulator/gemini/wire.ts'
import type * as Codec from '../../../src/providers/gemini/wire.ts'

/**
 * The simulator's and the codec's idea of Google's messages, held against the declarations of Google's own SDK:
 * a field that is spelled wrong, or that Google has never heard of, is found here and not in production.
 */
const SOURCE = readFileSync(
  new URL('../../../node_modules/@google/genai/dist/genai.d.ts', import.meta.url),
  'utf8',
).replaceAll('\r\n', '\n')

/** Interfaces, classes and enums, each with its members: `name?: type` or `NAME = "VALUE"`. */
const DECLARED = new Map(
  [...SOURCE.matchAll(/^(?:export )?declare (?:interface|class|enum) (\w+)[^\n]*\{\n([\s\S]*?)^\}/gm)].map(
    ([, name = '', body = '']) => [
      name,
      [...body.matchAll(/^ {4}(\w+)(?:\?:|:| = "([^"]*)")/gm)].map(([, field = '', value]) => value ?? field),
    ],
  ),
)
const membersOf = (...names: readonly string[]): string[] => {
  const found = names.flatMap((name) => DECLARED.get(name) ?? [])
  if (found.length === 0) throw new Error(`The SDK does not declare ${names.join(' or ')}.`)
  return found
}

/** What the SDK calls a message, where it is not what the wire calls it; several where the SDK spreads its fields. */
const SDK_MESSAGES: Readonly<Record<string, readonly string[]>> = {
  // The SDK's callers write one flat configuration, which it spreads over the request and its parts.
  GenerateContentRequest: ['GenerateContentConfig', 'GenerateContentParameters'],
  CountTokensRequest: ['CountTokensParameters', 'CountTokensConfig'],
  GenerationConfig: ['GenerationConfig', 'GenerateContentConfig'],
  BatchEmbedContentsRequest: ['EmbedContentParameters'],
  EmbedContentRequest: ['EmbedContentParameters', 'EmbedContentConfig'],
  Blob: ['Blob_2'],
  Empty: ['UrlContext'],
}
/** Fields of the wire that the SDK's types do not have, and why they are right all the same. */
const NOT_DECLARED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  GenerateContentRequest: { generationConfig: 'the SDK spreads it into its configuration' },
  BatchEmbedContentsRequest: { requests: 'the SDK makes one of each content' },
  EmbedContentRequest: { content: 'the SDK takes several' },
  CountTokensRequest: { generateContentRequest: 'the SDK sends contents alone' },
}
const VALUES_NOT_DECLARED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ThinkingLevel: { XHIGH: 'the documentation of Gemini 4 has it; the SDK lags' },
}
const SDK_ENUMS: Readonly<Record<string, readonly string[]>> = {
  Scheduling: ['FunctionResponseScheduling'],
  SchemaType: ['Type'],
  Mode: ['FunctionCallingConfigMode'],
  PartMediaLevel: ['PartMediaResolutionLevel'],
}

describe('every field that the simulator knows is declared by Google’s SDK', () => {
  test.each(Object.entries(MESSAGES).filter(([, fields]) => Object.keys(fields).length > 0))(
    '%s',
    (name, fields) => {
      const declared = membersOf(...(SDK_MESSAGES[name] ?? [name]))
      const strangers = Object.keys(fields).filter((field) => !declared.includes(field))
      expect(strangers).toEqual(Object.keys(NOT_DECLARED[name] ?? {}))
    },
  )
  test.each(Object.entries(ENUMS))('the values of %s', (name, { values }) => {
    const declared = membersOf(...(SDK_ENUMS[name] ?? [name]))
    expect(values.filter((value) => !declared.includes(value))).toEqual(
      Object.keys(VALUES_NOT_DECLARED[name] ?? {}),
    )
  })
})

type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] }
type Plain<T> = NonNullable<T>
/** The fields that we name and Google does not: there are none, but for those that are given. */
type Strangers<Ours, Theirs> = Exclude<keyof Named<Plain<Ours>>, keyof Plain<Theirs>>
type Item<T> = T extends readonly (infer Each)[] ? Plain<Each> : never

describe('every field that the codec writes or reads is declared by Google’s SDK', () => {
  test('what it writes', () => {
    expectTypeOf<Strangers<Codec.RequestContent, Google.Content>>().toBeNever()
    expectTypeOf<Strangers<Codec.RequestPart, Google.Part>>().toBeNever()
    expectTypeOf<Strangers<Codec.Blob, Google.Blob>>().toBeNever()
    expectTypeOf<Strangers<Codec.RequestPart['fileData'], Google.FileData>>().toBeNever()
    expectTypeOf<Strangers<Codec.RequestPart['functionCall'], Google.FunctionCall>>().toBeNever()
    expectTypeOf<Strangers<Codec.FunctionResponse, Google.FunctionResponse>>().toBeNever()
    expectTypeOf<Strangers<Codec.RequestPart['mediaResolution'], Google.PartMediaResolution>>().toBeNever()
    expectTypeOf<Strangers<Codec.FunctionDeclaration, Google.FunctionDeclaration>>().toBeNever()
    expectTypeOf<Exclude<AllKeys<Codec.RequestTool>, keyof Google.Tool>>().toBeNever()
    expectTypeOf<Strangers<Codec.ToolConfig, Google.ToolConfig>>().toBeNever()
    expectTypeOf<
      Strangers<Codec.ToolConfig['functionCallingConfig'], Google.FunctionCallingConfig>
    >().toBeNever()
    expectTypeOf<Strangers<Codec.ThinkingConfig, Google.ThinkingConfig>>().toBeNever()
    expectTypeOf<
      Strangers<Codec.GenerationConfig, Google.GenerationConfig & Google.GenerateContentConfig>
    >().toBeNever()
    expectTypeOf<
      Strangers<Codec.GenerateContentRequest, Google.GenerateContentParameters & Google.GenerateContentConfig>
    >().toEqualTypeOf<'generationConfig'>()
  })
  test('what it reads', () => {
    type Grounding = Google.GroundingMetadata
    expectTypeOf<Strangers<Codec.GenerateContentResponse, Google.GenerateContentResponse>>().toEqualTypeOf<
      'error' // in place of an answer, inside a 200
    >()
    expectTypeOf<Strangers<Codec.Candidate, Google.Candidate>>().toBeNever()
    expectTypeOf<Strangers<Codec.Candidate['content'], Google.Content>>().toBeNever()
    expectTypeOf<Strangers<Codec.AnswerPart, Google.Part>>().toBeNever()
    expectTypeOf<Strangers<Codec.AnswerPart['inlineData'], Google.Blob>>().toBeNever()
    expectTypeOf<Strangers<Codec.AnswerPart['functionCall'], Google.FunctionCall>>().toBeNever()
    expectTypeOf<Strangers<Codec.AnswerPart['executableCode'], Google.ExecutableCode>>().toBeNever()
    expectTypeOf<Strangers<Codec.AnswerPart['codeExecutionResult'], Google.CodeExecutionResult>>().toBeNever()
    expectTypeOf<Strangers<Codec.GroundingMetadata, Grounding>>().toBeNever()
    expectTypeOf<Strangers<Codec.GroundingSupport, Item<Plain<Grounding['groundingSupports']>>>>().toBeNever()
    expectTypeOf<Strangers<Codec.GroundingSupport['segment'], Google.Segment>>().toBeNever()
    expectTypeOf<Strangers<Codec.ModalityCount, Google.ModalityTokenCount>>().toBeNever()
    expectTypeOf<Strangers<Codec.PromptFeedback, Google.GenerateContentResponsePromptFeedback>>().toBeNever()
    expectTypeOf<
      Strangers<Codec.UsageMetadata, Google.GenerateContentResponseUsageMetadata>
    >().toEqualTypeOf<'serviceTier'>() // in the REST reference only
  })
})
type AllKeys<T> = T extends unknown ? keyof T : never
