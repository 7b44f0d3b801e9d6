import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../simulator/json.ts'
import { sign } from '../../../simulator/gemini/signatures.ts'
import { bench, dice, googleRequest, read, textAt } from './support.ts'

const USER: JsonObject = { role: 'user', parts: [{ text: 'hello' }] }
const SIGNATURE = sign('gemini-3', dice())

function call(name = 'get_fx', more: JsonObject = { thoughtSignature: SIGNATURE }): JsonObject {
  return { functionCall: { name, id: `id-${name}`, args: { pair: 'EURUSD' } }, ...more }
}

function result(name = 'get_fx', more: JsonObject = {}): JsonObject {
  return { functionResponse: { name, id: `id-${name}`, response: { output: 1 }, ...more } }
}

function turns(...contents: Json[]): JsonObject {
  return { contents }
}

const DECLARED: JsonObject = {
  name: 'get_fx',
  description: 'a rate',
  parametersJsonSchema: { type: 'object', properties: { pair: { type: 'string' } }, required: ['pair'] },
}

function declare(more: JsonObject): JsonObject {
  return { tools: [{ functionDeclarations: [{ ...DECLARED, ...more }] }] }
}

function parameters(schema: Json): JsonObject {
  return declare({ parametersJsonSchema: schema })
}

function legacy(schema: Json): JsonObject {
  return { tools: [{ functionDeclarations: [{ name: 'f', description: 'd', parameters: schema }] }] }
}

function property(schema: Json): JsonObject {
  return parameters({ type: 'object', properties: { a: schema } })
}

function config(generationConfig: JsonObject): JsonObject {
  return { generationConfig }
}

function thinking(thinkingConfig: JsonObject): JsonObject {
  return config({ thinkingConfig })
}

function choose(functionCallingConfig: JsonObject): JsonObject {
  return { tools: [{ functionDeclarations: [DECLARED] }], toolConfig: { functionCallingConfig } }
}

function inline(mimeType: string, data = 'AAAA'): JsonObject {
  return turns({ role: 'user', parts: [{ text: 'look' }, { inlineData: { mimeType, data } }] })
}

const JSON_OUT = { responseMimeType: 'application/json' }
const SEARCH: JsonObject = { googleSearch: {} }
const TRACES: JsonObject = { toolConfig: { includeServerSideToolInvocations: true } }
const BOTH: JsonObject = { tools: [{ functionDeclarations: [DECLARED] }, SEARCH] }
const MODEL_TEXT: JsonObject = { role: 'model', parts: [{ text: 'hi' }] }

async function send(
  body: JsonObject,
  model = 'gemini-3.8-flash',
  method = 'generateContent',
): ReturnType<typeof read> {
  return read(await bench().fetch(googleRequest(`/models/${model}:${method}`, { contents: [USER], ...body })))
}

const TREE: JsonObject = {
  type: 'object',
  properties: { root: { $ref: '#/$defs/node' } },
  required: ['root'],
  $defs: {
    node: {
      type: 'object',
      properties: { value: { type: 'string' }, next: { $ref: '#/$defs/node' } },
      required: ['value'],
    },
  },
}

const VALID: [string, JsonObject, string?][] = [
  ['plain', {}],
  [
    'snake_case',
    {
      generation_config: { max_output_tokens: 500, thinking_config: { thinking_level: 'low' } },
      system_instruction: { parts: { text: 'x' } },
    },
  ],
  ['a null field', { systemInstruction: null, generationConfig: { seed: null } }],
  ['consecutive user contents', turns(USER, USER)],
  ['a tool round', turns(USER, { role: 'model', parts: [call()] }, { role: 'user', parts: [result()] })],
  [
    'text after results in the same content',
    turns(
      USER,
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [result(), { text: 'and?' }] },
      USER,
    ),
  ],
  [
    'the legacy role',
    turns(USER, { role: 'model', parts: [call()] }, { role: 'function', parts: [result()] }),
  ],
  [
    'parallel calls, the first signed',
    turns(
      USER,
      { role: 'model', parts: [call(), call('other', {})] },
      { role: 'user', parts: [result('other'), result()] },
    ),
  ],
  [
    'a sentinel',
    turns(
      USER,
      { role: 'model', parts: [call('get_fx', { thoughtSignature: 'skip_thought_signature_validator' })] },
      { role: 'user', parts: [result()] },
    ),
  ],
  [
    'an old unsigned step',
    turns(
      USER,
      { role: 'model', parts: [call('get_fx', {})] },
      { role: 'user', parts: [result()] },
      MODEL_TEXT,
      USER,
    ),
  ],
  [
    'an unsigned step on 2.5',
    turns(USER, { role: 'model', parts: [call('get_fx', {})] }, { role: 'user', parts: [result()] }),
    'gemini-2.5-flash',
  ],
  [
    'a signed empty text',
    turns(USER, { role: 'model', parts: [{ text: '', thoughtSignature: SIGNATURE }] }, USER),
  ],
  ['prefill on an older model', turns(USER, MODEL_TEXT), 'gemini-2.5-flash'],
  ['every declaration field', declare({ responseJsonSchema: { type: 'string' }, behavior: 'BLOCKING' })],
  [
    'a legacy schema',
    legacy({
      type: 'object',
      properties: {
        a: { type: 'STRING', nullable: true },
        b: { type: 'ARRAY', items: { type: 'NUMBER', format: 'double' } },
      },
      required: ['a'],
    }),
  ],
  ['a recursive schema through an optional property', parameters(TREE)],
  [
    'properties with keyword names',
    parameters({
      type: 'object',
      properties: { $ref: { type: 'string' }, type: { type: 'string' }, enum: { type: 'string' } },
    }),
  ],
  [
    'a type list, a union, a map',
    property({
      anyOf: [
        { type: ['string', 'null'] },
        { type: 'object', additionalProperties: { type: 'number' } },
        { enum: [1, 2] },
      ],
    }),
  ],
  [
    'keywords that are ignored',
    property({
      type: 'string',
      minLength: 1,
      pattern: 'x',
      default: 'a',
      examples: ['a'],
      $comment: 'c',
      const: 'a',
      not: {},
    }),
  ],
  ['mode ANY with a name', choose({ mode: 'ANY', allowedFunctionNames: ['get_fx'] })],
  ['mode VALIDATED with a name', choose({ mode: 'VALIDATED', allowedFunctionNames: ['get_fx'] })],
  ['JSON and tools on 3', { ...declare({}), ...config(JSON_OUT) }],
  [
    'JSON with a schema',
    config({ ...JSON_OUT, responseJsonSchema: { type: 'array', items: { type: 'string' } } }),
  ],
  ['built-ins alone', { tools: [SEARCH] }, 'gemini-2.5-flash'],
  ['built-ins with functions on 3', { ...BOTH, ...TRACES }],
  ['a level in capitals', thinking({ thinkingLevel: 'HIGH', includeThoughts: true })],
  ['minimal on 3.6', thinking({ thinkingLevel: 'minimal' }), 'gemini-3.6-flash'],
  ['xhigh on 4-hydrogen', thinking({ thinkingLevel: 'xhigh' }), 'gemini-4-hydrogen'],
  ['a budget on 2.5', thinking({ thinkingBudget: 24_576 }), 'gemini-2.5-flash'],
  ['a budget tolerated on 3.1', thinking({ thinkingBudget: 1_000 }), 'gemini-3.1-pro-preview'],
  ['no thinking on 2.5-flash', thinking({ thinkingBudget: 0 }), 'gemini-2.5-flash'],
  [
    'five stop sequences',
    config({
      stopSequences: ['a', 'b', 'c', 'd', 'e'],
      seed: 2_147_483_647,
      temperature: 2,
      candidateCount: 1,
    }),
  ],
  [
    'a picture, a sound with parameters',
    turns({
      parts: [
        { inlineData: { mimeType: 'image/png', data: 'iVBORw==' } },
        { inlineData: { mimeType: 'audio/l16;rate=24000', data: 'AAAA' } },
      ],
    }),
  ],
  [
    'a picture in a result',
    turns(
      USER,
      { role: 'model', parts: [call()] },
      {
        role: 'user',
        parts: [
          result('get_fx', {
            parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA', displayName: 'a' } }],
          }),
        ],
      },
    ),
  ],
  [
    'YouTube without a type',
    turns({ parts: [{ fileData: { fileUri: 'https://www.youtube.com/watch?v=x' } }] }),
  ],
  ['an image model', config({ responseModalities: ['TEXT', 'IMAGE'] }), 'gemini-3.1-flash-image'],
]

describe('accepts', () => {
  test.each(VALID)('%s', async (_name, body, model) => {
    const answered = await send(body, model)
    expect(answered.text).not.toContain('"error"')
    expect(answered.status).toBe(200)
  })
})

const FC_TURN = 'function call turn comes immediately after'
const FR_TURN = 'function response turn comes immediately after'
const FR_COUNT = 'number of function response parts is equal'
const MISSING = 'missing a thought_signature'
const NO_FIELD = 'Cannot find field.'
const PENALTY = 'Penalty is not enabled'
const LOGPROBS = 'Logprobs is not enabled'

const BROKEN: [string, JsonObject, string, string?][] = [
  // 1.1 and 2.1: unknown names and wrong types at any level
  ['an unknown field at the top', { frequency: 1 }, 'Unknown name "frequency": Cannot find field.'],
  [
    'an unknown field in a message',
    config({ maxTokens: 5 }),
    `Unknown name "maxTokens" at 'generation_config': ${NO_FIELD}`,
  ],
  [
    'an unknown field in a list',
    turns({ parts: [{ text: 'x', type: 'text' }] }),
    `Unknown name "type" at 'contents[0].parts[0]': ${NO_FIELD}`,
  ],
  [
    'OpenAI fields in a declaration',
    declare({ strict: true }),
    `Unknown name "strict" at 'tools[0].function_declarations[0]': ${NO_FIELD}`,
  ],
  ['a Vertex field', config({ audioTimestamp: true }), NO_FIELD],
  ['a Vertex tool', { tools: [{ enterpriseWebSearch: {} }] }, NO_FIELD],
  ['half-converted names', config({ max_outputTokens: 5 }), NO_FIELD],
  ['both spellings', config({ thinkingConfig: {}, thinking_config: {} }), 'Proto field is not repeating'],
  [
    'a word for a number',
    config({ temperature: 'hot' }),
    `Invalid value at 'generation_config.temperature' (TYPE_FLOAT), "hot"`,
  ],
  ['a fraction for an integer', config({ maxOutputTokens: 1.5 }), `(TYPE_INT32), 1.5`],
  [
    'a seed beyond int32',
    config({ seed: 2_147_483_648 }),
    `Invalid value at 'generation_config.seed' (TYPE_INT32)`,
  ],
  ['an unknown enum value', thinking({ thinkingLevel: 'extreme' }), 'ThinkingLevel), "extreme"'],
  ['a tier in capitals', { serviceTier: 'FLEX' }, 'ServiceTier), "FLEX"'],
  [
    'arguments as text',
    turns(USER, { role: 'model', parts: [{ functionCall: { name: 'f', args: '{}' } }] }),
    'google.protobuf.Struct), "{}"',
  ],
  [
    'a result that is no object',
    turns(
      USER,
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [result('get_fx', { response: 'text' })] },
    ),
    `function_response.response' (type.googleapis.com/google.protobuf.Struct), "text"`,
  ],
  ['a data URL', inline('image/png', 'data:image/png;base64,AAAA'), 'Base64 decoding failed'],
  // 2.1 and 2.2
  ['no contents', { contents: [] }, 'contents is not specified'],
  ['no parts', turns({ role: 'user', parts: [] }), 'contents.parts must not be empty'],
  ['nothing but empty text', turns({ role: 'user', parts: [{ text: '' }] }), 'empty input'],
  [
    'the role assistant',
    turns(USER, { role: 'assistant', parts: [{ text: 'x' }] }, USER),
    'Please use a valid role: user, model.',
  ],
  [
    'the role system',
    turns({ role: 'system', parts: [{ text: 'x' }] }, USER),
    'Please use a valid role: user, model.',
  ],
  [
    'a picture as system instruction',
    { systemInstruction: { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] } },
    'only text parts',
  ],
  [
    'a system instruction for Gemma',
    { systemInstruction: { parts: [{ text: 'x' }] } },
    'Developer instruction is not enabled',
    'gemma-4-31b-it',
  ],
  [
    'a history that starts with a call',
    turns({ role: 'model', parts: [call()] }, { role: 'user', parts: [result()] }),
    FC_TURN,
  ],
  [
    'a call after model text',
    turns(USER, MODEL_TEXT, { role: 'model', parts: [call()] }, { role: 'user', parts: [result()] }),
    FC_TURN,
  ],
  [
    'too few results',
    turns(USER, { role: 'model', parts: [call(), call('other', {})] }, { role: 'user', parts: [result()] }),
    FR_COUNT,
  ],
  [
    'results spread over two contents',
    turns(
      USER,
      { role: 'model', parts: [call(), call('other', {})] },
      { role: 'user', parts: [result()] },
      { role: 'user', parts: [result('other')] },
    ),
    FR_COUNT,
  ],
  ['a call that is never answered', turns(USER, { role: 'model', parts: [call()] }, USER), FR_COUNT],
  [
    'interleaved calls and results',
    turns(USER, { role: 'model', parts: [call()] }, USER, { role: 'user', parts: [result()] }),
    FR_COUNT,
  ],
  ['a result without a call', turns(USER, { role: 'user', parts: [result()] }), FR_TURN],
  ['a history that starts with a result', turns({ role: 'user', parts: [result()] }), FR_TURN],
  [
    'a result under a filler name',
    turns(
      USER,
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [result('filler', { id: 'id-get_fx' })] },
    ),
    `no function call of the preceding turn has name 'filler'`,
  ],
  [
    'a result with another id',
    turns(USER, { role: 'model', parts: [call()] }, { role: 'user', parts: [result('get_fx', { id: 'x' })] }),
    `id 'x'`,
  ],
  ['prefill on 3.8', turns(USER, MODEL_TEXT), 'last content has the role user'],
  // 2.3 and 2.4
  ['a part without data', turns({ parts: [{ thought: true }] }), `required oneof field 'data'`],
  [
    'a part with two',
    turns({ parts: [{ text: 'x', inlineData: { mimeType: 'image/png', data: 'AAAA' } }] }),
    `oneof field 'data' is already set`,
  ],
  [
    'a call without a name',
    turns(USER, { role: 'model', parts: [call('')] }, { role: 'user', parts: [result()] }),
    'function_call.name: Name cannot be empty',
  ],
  [
    'a result without response',
    turns(
      USER,
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [{ functionResponse: { name: 'get_fx' } }] },
    ),
    'function_response.response',
  ],
  [
    'pictures in a result on 2.5',
    turns(
      USER,
      { role: 'model', parts: [call('get_fx', {})] },
      {
        role: 'user',
        parts: [result('get_fx', { parts: [{ inlineData: { mimeType: 'image/png', data: 'AAAA' } }] })],
      },
    ),
    '`function_response.parts` is not supported',
    'gemini-2.5-flash',
  ],
  ['a gif', inline('image/gif'), 'Unsupported MIME type: image/gif'],
  ['image/jpg', inline('image/jpg'), 'Unsupported MIME type: image/jpg'],
  ['a Word file', inline('application/msword'), 'Unsupported MIME type'],
  ['no type', turns({ parts: [{ inlineData: { data: 'AAAA' } }] }), 'mime type is not specified'],
  ['no data', inline('image/png', ''), 'Unable to process input image'],
  [
    'sound by URL',
    turns({ parts: [{ fileData: { fileUri: 'https://example.com/a.mp3', mimeType: 'audio/mpeg' } }] }),
    'Unsupported MIME type for an external URL',
  ],
  [
    'a URL without a type',
    turns({ parts: [{ fileData: { fileUri: 'https://example.com/a.png' } }] }),
    'mime_type: required',
  ],
  [
    'a plain http URL',
    turns({ parts: [{ fileData: { fileUri: 'http://example.com/a.png', mimeType: 'image/png' } }] }),
    'unsupported file uri',
  ],
  // 2.5
  ['a name that starts with a digit', declare({ name: '1st' }), 'Invalid function name'],
  ['a name of 65', declare({ name: 'a'.repeat(65) }), 'Invalid function name'],
  [
    'the same name twice',
    { tools: [{ functionDeclarations: [DECLARED, DECLARED] }] },
    'Duplicate function declaration',
  ],
  [
    '513 declarations',
    {
      tools: [
        { functionDeclarations: Array.from({ length: 513 }, (_, at) => ({ ...DECLARED, name: `f${at}` })) },
      ],
    },
    'exceeds the maximum of 512',
  ],
  [
    'both kinds of parameters',
    declare({ parameters: { type: 'OBJECT', properties: { a: { type: 'STRING' } } } }),
    'only one of parameters',
  ],
  // 2.6
  [
    'built-ins with functions on 2.5',
    BOTH,
    'Tool use with function calling is unsupported',
    'gemini-2.5-flash',
  ],
  ['built-ins with functions, no traces', BOTH, 'include_server_side_tool_invocations'],
  [
    'allowed names with AUTO',
    choose({ mode: 'AUTO', allowedFunctionNames: ['get_fx'] }),
    'only be specified for ANY mode',
  ],
  [
    'allowed names with NONE',
    choose({ mode: 'NONE', allowedFunctionNames: ['get_fx'] }),
    'only be specified for ANY mode',
  ],
  [
    'an allowed name nobody declared',
    choose({ mode: 'ANY', allowedFunctionNames: ['f'] }),
    'f is not a declared function',
  ],
  [
    'ANY without functions',
    { toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
    'no function declarations',
  ],
  // 2.7
  ['a temperature of 2.1', config({ temperature: 2.1 }), 'must be in the range [0, 2]'],
  ['topP above 1', config({ topP: 1.1 }), 'must be in the range [0, 1]'],
  ['a presence penalty of 2', config({ presencePenalty: 2 }), 'must be in the range [-2, 2)'],
  ['two candidates', config({ candidateCount: 2 }), 'Multiple candidates is not enabled'],
  ['a presence penalty', config({ presencePenalty: 0 }), PENALTY],
  ['a frequency penalty', config({ frequencyPenalty: 0.5 }), PENALTY, 'gemini-2.5-flash'],
  ['logprobs', config({ logprobs: 2 }), LOGPROBS],
  ['responseLogprobs', config({ responseLogprobs: true }), LOGPROBS],
  ['no output tokens', config({ maxOutputTokens: 0 }), 'maxOutputTokens value of 0'],
  ['too many output tokens', config({ maxOutputTokens: 65_537 }), 'maxOutputTokens value of 65537'],
  [
    'six stop sequences',
    config({ stopSequences: ['a', 'b', 'c', 'd', 'e', 'f'] }),
    'exceeds the maximum of 5',
  ],
  ['an unknown output type', config({ responseMimeType: 'text/html' }), 'allowed mimetypes'],
  [
    'a schema without JSON',
    config({ responseJsonSchema: { type: 'object' } }),
    'only supported with response_mime_type',
  ],
  [
    'both kinds of output schema',
    config({ ...JSON_OUT, responseJsonSchema: { type: 'object' }, responseSchema: { type: 'STRING' } }),
    'Only one of response_schema',
  ],
  [
    'a faulty output schema',
    config({ ...JSON_OUT, responseJsonSchema: { type: 'date' } }),
    'response_json_schema: unknown type',
  ],
  [
    'a faulty legacy output schema',
    config({ ...JSON_OUT, responseSchema: { type: 'ARRAY' } }),
    'items: missing field',
  ],
  [
    'JSON and tools on 2.5',
    { ...declare({}), ...config(JSON_OUT) },
    "'application/json' is unsupported",
    'gemini-2.5-flash',
  ],
  [
    'JSON and a forced call',
    { ...choose({ mode: 'ANY' }), ...config(JSON_OUT) },
    'mode ANY with a response mime type',
  ],
  [
    'JSON and search on 2.5',
    { tools: [SEARCH], ...config(JSON_OUT) },
    'Tool use with a response mime type',
    'gemini-2.5-flash',
  ],
  [
    'JSON and pictures',
    config({ ...JSON_OUT, responseModalities: ['TEXT', 'IMAGE'] }),
    'only supported for text output',
    'gemini-3.1-flash-image',
  ],
  [
    'pictures from a text model',
    config({ responseModalities: ['IMAGE'] }),
    'combination of response modalities',
  ],
  [
    'text from a speech model',
    config({ responseModalities: ['TEXT'] }),
    'combination of response modalities',
    'gemini-3.8-flash-tts',
  ],
  [
    'a category twice',
    { safetySettings: [0, 1].map(() => ({ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'OFF' })) },
    'duplicate safety setting',
  ],
  [
    'a cache and tools',
    { ...declare({}), cachedContent: 'cachedContents/x' },
    'CachedContent can not be used',
  ],
  // 2.8
  [
    'budget and level',
    thinking({ thinkingBudget: 1_000, thinkingLevel: 'low' }),
    'only one of thinking budget and thinking level',
  ],
  [
    'a level on 2.5',
    thinking({ thinkingLevel: 'low' }),
    'Thinking level is not supported',
    'gemini-2.5-flash',
  ],
  [
    'a budget on 3.5',
    thinking({ thinkingBudget: 1_000 }),
    'Thinking budget is not supported',
    'gemini-3.5-flash',
  ],
  ['minimal on 3.8', thinking({ thinkingLevel: 'minimal' }), 'MINIMAL is not supported'],
  ['minimal on 3.7', thinking({ thinkingLevel: 'minimal' }), 'MINIMAL is not supported', 'gemini-3.7-flash'],
  ['xhigh on 4-argon', thinking({ thinkingLevel: 'xhigh' }), 'XHIGH is not supported', 'gemini-4-argon'],
  [
    'no thinking on 2.5-pro',
    thinking({ thinkingBudget: 0 }),
    'only works in thinking mode',
    'gemini-2.5-pro',
  ],
  [
    'too small a budget',
    thinking({ thinkingBudget: 127 }),
    'thinking budget 127 is invalid',
    'gemini-2.5-pro',
  ],
  [
    'too big a budget',
    thinking({ thinkingBudget: 24_577 }),
    'thinking budget 24577 is invalid',
    'gemini-2.5-flash',
  ],
  [
    'thinking where there is none',
    thinking({ includeThoughts: true }),
    'Thinking is not enabled',
    'gemma-4-31b-it',
  ],
  // 4.6
  [
    'an unsigned call',
    turns(USER, { role: 'model', parts: [call('get_fx', {})] }, { role: 'user', parts: [result()] }),
    MISSING,
  ],
  [
    'an unsigned second step',
    turns(
      USER,
      { role: 'model', parts: [call()] },
      { role: 'user', parts: [result()] },
      { role: 'model', parts: [call('other', {})] },
      { role: 'user', parts: [result('other')] },
    ),
    MISSING,
  ],
  [
    'the second of two calls signed',
    turns(
      USER,
      { role: 'model', parts: [call('get_fx', {}), call('other')] },
      { role: 'user', parts: [result(), result('other')] },
    ),
    MISSING,
  ],
  [
    'a signature cut short',
    turns(
      USER,
      { role: 'model', parts: [call('get_fx', { thoughtSignature: SIGNATURE.slice(0, 40) })] },
      { role: 'user', parts: [result()] },
    ),
    'Corrupted thought signature',
  ],
  [
    'a signature of another family',
    turns(USER, { role: 'model', parts: [call()] }, { role: 'user', parts: [result()] }),
    'Corrupted thought signature',
    'gemini-4-argon',
  ],
  // 4.5, column A
  [
    '$ref with siblings',
    parameters({ ...TREE, properties: { root: { $ref: '#/$defs/node', description: 'x' } } }),
    '$ref must not have sibling',
  ],
  ['a remote $ref', property({ $ref: 'https://example.com/schema.json' }), 'only local references'],
  ['a dangling $ref', property({ $ref: '#/$defs/none' }), 'cannot be resolved'],
  [
    'definitions',
    parameters({
      type: 'object',
      properties: { a: { $ref: '#/definitions/a' } },
      definitions: { a: { type: 'string' } },
    }),
    'cannot be resolved',
  ],
  [
    'recursion through a required property',
    parameters({
      ...TREE,
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, required: ['next'] } },
    }),
    'endlessly recursive',
  ],
  ['an unknown type', property({ type: 'date' }), 'unknown type'],
  ['an empty enum value', property({ type: 'string', enum: ['a', ''] }), 'enum[1]: cannot be empty'],
  ['an empty enum', property({ type: 'string', enum: [] }), 'enum must be a non-empty list'],
  ['null in an enum', property({ enum: ['a', null] }), 'only strings and numbers'],
  [
    'a requirement nobody declared',
    parameters({ type: 'object', properties: {}, required: ['a'] }),
    'required[0]: property is not defined',
  ],
  ['a tuple', property({ type: 'array', items: [{ type: 'string' }] }), 'use prefixItems'],
  ['a boolean schema', property(true), 'is not a schema object'],
  ['parameters that are no object', parameters({ type: 'string' }), 'type object at the top level'],
  // 4.5, column B
  [
    'legacy $ref',
    legacy({ type: 'OBJECT', properties: { a: { $ref: '#/$defs/a' } } }),
    `Unknown name "$ref" at 'tools[0].function_declarations[0].parameters.properties[0].value'`,
  ],
  [
    'legacy additionalProperties',
    legacy({ type: 'OBJECT', properties: { a: { type: 'STRING' } }, additionalProperties: false }),
    'Unknown name "additionalProperties"',
  ],
  ['legacy const', legacy({ type: 'OBJECT', properties: { a: { const: 'x' } } }), 'Unknown name "const"'],
  [
    'legacy type list',
    legacy({ type: 'OBJECT', properties: { a: { type: ['STRING', 'NULL'] } } }),
    'Unknown name "type" at \'tools[0].function_declarations[0].parameters.properties[0].value\': Proto field is not repeating, cannot start list.',
  ],
  [
    'legacy numeric enum',
    legacy({ type: 'OBJECT', properties: { a: { type: 'STRING', enum: [1] } } }),
    '(TYPE_STRING), 1',
  ],
  ['legacy empty object', legacy({ type: 'OBJECT', properties: {} }), 'should be non-empty for OBJECT type'],
  [
    'legacy array without items',
    legacy({ type: 'OBJECT', properties: { a: { type: 'ARRAY' } } }),
    'items: missing field',
  ],
  [
    'legacy missing type',
    legacy({ type: 'OBJECT', properties: { a: { description: 'x' } } }),
    'type: must be specified',
  ],
  [
    'legacy siblings of anyOf',
    legacy({ type: 'OBJECT', properties: { a: { type: 'STRING', anyOf: [{ type: 'STRING' }] } } }),
    'when any_of is specified',
  ],
  [
    'legacy requirement nobody declared',
    legacy({ type: 'OBJECT', properties: { a: { type: 'STRING' } }, required: ['b'] }),
    'property is not defined',
  ],
  [
    'legacy empty enum value',
    legacy({ type: 'OBJECT', properties: { a: { type: 'STRING', enum: [''] } } }),
    'enum[0]: cannot be empty',
  ],
  [
    'legacy format',
    legacy({ type: 'OBJECT', properties: { a: { type: 'STRING', format: 'uuid' } } }),
    'are supported for STRING type',
  ],
]

describe('refuses', () => {
  test.each(BROKEN)('%s', async (_name, body, message, model) => {
    const answered = await send(body, model)
    expect(answered.json).toMatchObject({
      error: { code: 400, status: 'INVALID_ARGUMENT', message: expect.stringContaining(message) },
    })
    expect(answered.status).toBe(400)
  })

  test.each([
    ['an unknown model', 'gemini-9-mega', 'generateContent'],
    ['a retired model', 'gemini-2.0-flash', 'generateContent'],
    ['a method the model lacks', 'gemini-embedding-001', 'generateContent'],
    ['counting for speech', 'gemini-3.8-flash-tts', 'countTokens'],
  ])('%s', async (_name, model, method) => {
    expect(await send({}, model, method)).toMatchObject({
      status: 404,
      json: { error: { status: 'NOT_FOUND' } },
    })
  })

  test('an expired cache', async () => {
    const answered = await send({ cachedContent: 'cachedContents/x' })
    expect(answered).toMatchObject({ status: 403, json: { error: { status: 'PERMISSION_DENIED' } } })
  })

  test('several faults in one answer, each with its place', async () => {
    const answered = await send({ n: 1, generationConfig: { top_logprobs: 1 } })
    const details = (answered.json['error'] as JsonObject)['details']
    expect(details).toMatchObject([{ fieldViolations: [{ field: '' }, { field: 'generation_config' }] }])
  })

  test('a body that is no JSON', async () => {
    const answered = await read(
      await bench().fetch(googleRequest('/models/gemini-3.8-flash:generateContent', '{')),
    )
    expect(answered.json).toMatchObject({
      error: { message: expect.stringContaining('Invalid JSON payload received.') },
    })
  })

  test('keys: missing, bad, in the URL, beside a token', async () => {
    const simulator = bench()
    const ask = async (path: string, headers: Record<string, string>): ReturnType<typeof read> =>
      read(await simulator.fetch(new Request(`http://simulator.test/v1beta/models${path}`, { headers })))
    expect(await ask('', {})).toMatchObject({ status: 403, json: { error: { status: 'PERMISSION_DENIED' } } })
    expect(await ask('', { 'x-goog-api-key': 'AIza-bad' })).toMatchObject({
      status: 400,
      json: {
        error: {
          status: 'INVALID_ARGUMENT',
          details: [{ reason: 'API_KEY_INVALID', domain: 'googleapis.com' }, {}],
        },
      },
    })
    expect(await ask('?key=AIzaGood', { 'x-goog-api-key': 'AIzaGood' })).toMatchObject({ status: 400 })
    expect(await ask('', { 'x-goog-api-key': 'AIzaGood', authorization: 'Bearer x' })).toMatchObject({
      status: 400,
    })
  })
})

test('after its date, a model is served by another, under its rules', async () => {
  const simulator = bench({ today: '2026-12-01' })
  const ask = async (body: JsonObject): ReturnType<typeof read> =>
    read(
      await simulator.fetch(
        googleRequest('/models/gemini-2.5-pro:generateContent', { contents: [USER], ...body }),
      ),
    )
  expect((await ask({})).json).toMatchObject({ modelVersion: 'gemini-3.8-flash' })
  expect(await ask(thinking({ thinkingBudget: 1_000 }))).toMatchObject({ status: 400 })
})

test('counts tokens of contents and of a whole request', async () => {
  const simulator = bench()
  const count = async (body: JsonObject): ReturnType<typeof read> =>
    read(await simulator.fetch(googleRequest('/models/gemini-3.8-flash:countTokens', body)))
  const bare = (await count({ contents: [USER] })).json['totalTokens'] as number
  const request = { model: 'models/gemini-3.8-flash', contents: [USER], ...declare({}) }
  const whole = (await count({ generateContentRequest: request })).json['totalTokens'] as number
  expect(bare).toBeGreaterThan(0)
  expect(whole).toBeGreaterThan(bare)
  expect(await count({ contents: [USER], ...declare({}) })).toMatchObject({ status: 400 })
})

test('lists models in pages', async () => {
  const simulator = bench()
  const first = await read(await simulator.fetch(googleRequest('/models?pageSize=5')))
  expect(first.json['models']).toHaveLength(5)
  const rest = await read(
    await simulator.fetch(
      googleRequest(`/models?pageSize=1000&pageToken=${textAt(first.json, 'nextPageToken')}`),
    ),
  )
  const names = (rest.json['models'] as JsonObject[]).map((model) => model['name'])
  expect(names).toContain('models/gemini-2.5-flash')
  expect(names).not.toContain('models/gemini-2.0-flash')
  expect(rest.json['nextPageToken']).toBeUndefined()
})
