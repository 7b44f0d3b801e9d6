import { adapted, refused, relayed, row, translated } from './cells.ts'
import type { Row, Section } from './types.ts'

const RULES = 'but left out, and listed, for models known to refuse it'
const BY_SERVER = 'a model that cannot honour it refuses it by name'

const PARAMETERS: Section = {
  title: 'Request parameters',
  rows: [
    row(
      '`model`',
      translated('openai 2.1 model', 'an alias becomes the id that OpenAI knows'),
      translated('gemini 4.1 model', 'the path; an id that reaches out of it is refused'),
    ),
    row(
      '`messages`',
      relayed('openai 2.1 messages'),
      translated(['gemini 2', 'gemini 4.2', 'gemini 4.9'], 'see Messages'),
    ),
    row(
      '`max_completion_tokens`',
      relayed('openai 2.1 max_completion_tokens'),
      translated(
        ['gemini 4.1 max_completion_tokens', 'gemini 4.1 max_completion_tokens ?? max_tokens'],
        '`maxOutputTokens`; it wins over `max_tokens`; zero or less is refused',
      ),
    ),
    row(
      '`max_tokens`',
      relayed(
        ['openai 2.1 max_tokens', 'openai 2.3 max_tokens'],
        'but renamed, and listed, for reasoning models',
      ),
      translated(
        ['gemini 4.1 max_tokens', 'gemini 4.8 max_tokens'],
        '`maxOutputTokens`; clamped to the model, and listed; a small one lowers thinking, and is listed',
      ),
    ),
    row(
      '`temperature`',
      relayed(['openai 2.1 temperature', 'openai 2.3 sampling'], RULES),
      translated('gemini 4.1 temperature', 'above 2 clamped, and listed'),
    ),
    row(
      '`top_p`',
      relayed(['openai 2.1 top_p', 'openai 2.3 sampling'], RULES),
      translated('gemini 4.1 top_p'),
    ),
    row('`top_k` (extension)', relayed('openai 2.1 extensions of others'), translated('gemini 4.1 top_k')),
    row(
      '`n`',
      relayed(['openai 2.1 n', 'openai 2.3 n'], BY_SERVER),
      translated('gemini 4.1 n', 'as many calls of one choice, their usage summed'),
    ),
    row(
      '`stop`',
      relayed(['openai 2.1 stop', 'openai 2.3 stop'], RULES),
      translated('gemini 4.1 stop', 'at most five; empty ones are dropped'),
    ),
    row(
      '`seed`',
      relayed(['openai 2.1 seed', 'openai 2.3 seed'], RULES),
      translated('gemini 4.1 seed', 'folded into 32 bits; a fraction is refused'),
    ),
    row(
      '`presence_penalty`, `frequency_penalty`',
      relayed(['openai 2.1 frequency_penalty, presence_penalty', 'openai 2.3 penalties'], RULES),
      translated(
        'gemini 4.1 presence_penalty, frequency_penalty',
        'but left out, and listed, for models that refuse them',
      ),
    ),
    row(
      '`logprobs`',
      relayed(['openai 2.1 logprobs', 'openai 2.3 logprobs'], BY_SERVER),
      refused('gemini 4.1 logprobs', 'in both modes'),
    ),
    row(
      '`top_logprobs`',
      relayed(['openai 2.1 top_logprobs', 'openai 2.3 top_logprobs'], BY_SERVER),
      refused('gemini 4.1 top_logprobs', 'in both modes'),
    ),
    row(
      '`logit_bias`',
      relayed(['openai 2.1 logit_bias', 'openai 2.3 logit_bias'], BY_SERVER),
      refused('gemini 4.1 logit_bias', 'in both modes, unless it is empty'),
    ),
    row(
      '`response_format`',
      relayed('openai 2.1 response_format'),
      translated('gemini 4.1 response_format', 'see Structured output; an unknown type is refused'),
    ),
    row('`tools`, functions', relayed('openai 2.1 tools'), translated('gemini 4.1 tools function')),
    row('`tools`, custom', relayed('openai 2.6 custom'), refused('gemini 4.1 tools custom', 'in both modes')),
    row(
      '`functions`, `function_call`',
      relayed(['openai 2.1 functions', 'openai 2.1 function_call']),
      translated('gemini 4.1 functions, function_call', 'answered in the same legacy form'),
    ),
    row('`tool_choice`', relayed('openai 2.1 tool_choice'), translated('gemini 4.3 "auto"', 'see Tools')),
    row(
      '`parallel_tool_calls`',
      relayed('openai 2.1 parallel_tool_calls'),
      adapted('gemini 4.1 parallel_tool_calls', 'where false, the first call of the answer is kept'),
    ),
    row(
      '`reasoning_effort`',
      relayed('openai 2.1 reasoning_effort'),
      translated('gemini 4.1 reasoning_effort', 'see Reasoning'),
    ),
    row(
      '`stream`',
      relayed('openai 2.1 stream'),
      translated('gemini 4.1 stream', 'another method, as server-sent events'),
    ),
    row(
      '`stream_options`',
      relayed(
        ['openai 2.1 stream_options', 'openai 2.3 stream_options.include_usage'],
        'usage is always asked for, and shown to who asked',
      ),
      translated('gemini 4.1 stream_options.include_usage', '`include_obfuscation` is left out, and listed'),
    ),
    row(
      '`web_search_options`',
      relayed('openai 2.1 web_search_options'),
      translated(
        'gemini 4.1 web_search_options',
        'Google Search; `user_location` and `search_context_size` are left out, and listed',
      ),
    ),
    row(
      '`modalities`',
      relayed('openai 2.1 modalities'),
      translated('gemini 4.1 modalities', 'refused for models that give text only'),
    ),
    row(
      '`audio`, audio output',
      relayed('openai 2.1 audio'),
      translated(
        ['gemini 4.1 modalities audio', 'gemini 4.1 audio'],
        'on models that speak; refused on the others, in both modes',
      ),
    ),
    row(
      'image output (extension)',
      relayed('openai 2.1 modalities'),
      translated('gemini 4.1 modalities image', 'on models that draw; refused on the others, in both modes'),
    ),
    row(
      '`service_tier`',
      relayed('openai 2.1 service_tier'),
      translated(
        'gemini 4.1 service_tier',
        'flex and priority; auto and default say nothing; others are left out, and listed',
      ),
    ),
    row(
      '`user`',
      relayed(
        ['openai 2.1 user', 'openai 2.3 user, prompt_cache_key'],
        'but as a pseudonym where tenants share a key',
      ),
      adapted('gemini 4.1 user', 'left out'),
    ),
    row(
      '`safety_identifier`',
      relayed('openai 2.1 safety_identifier'),
      adapted('gemini 4.1 safety_identifier', 'left out'),
    ),
    row('`metadata`', relayed('openai 2.1 metadata'), adapted('gemini 4.1 metadata', 'left out')),
    row(
      '`prompt_cache_key`',
      relayed(
        ['openai 2.1 prompt_cache_key', 'openai 2.3 user, prompt_cache_key'],
        'but as a pseudonym where tenants share a key',
      ),
      adapted('gemini 4.1 prompt_cache_key', 'left out'),
    ),
    row(
      '`prompt_cache_options`',
      relayed('openai 2.1 prompt_cache_options'),
      adapted('gemini 4.1 prompt_cache_options', 'left out'),
    ),
    row(
      '`prompt_cache_retention`',
      relayed('openai 2.1 prompt_cache_retention'),
      adapted('gemini 4.1 prompt_cache_retention', 'left out'),
    ),
    row(
      '`store`',
      relayed('openai 2.1 store'),
      adapted('gemini 4.1 store', 'left out; false asks for what happens anyway'),
    ),
    row('`prediction`', relayed('openai 2.1 prediction'), adapted('gemini 4.1 prediction', 'left out')),
    row('`verbosity`', relayed('openai 2.1 verbosity'), adapted('gemini 4.1 verbosity', 'left out')),
    row('`moderation`', relayed('openai 2.1 moderation'), adapted('gemini 4.1 moderation', 'left out')),
    row(
      '`google`, `extra_body.google` (extensions)',
      relayed('openai 2.1 extensions of others'),
      translated('gemini 4.1 extra_body.google', 'a list of known options, in either spelling'),
    ),
    row(
      'an unknown field',
      relayed('openai 2.1 unknown'),
      adapted('gemini 4.1 unknown', 'left out, also inside of messages, parts and tools'),
    ),
    row(
      'strict mode',
      relayed('openai 2.3 strict', 'nothing is left out: OpenAI decides'),
      refused('gemini 4.1 unknown', '`unsupported_parameter`, with the name'),
    ),
  ],
}

const MESSAGES: Section = {
  title: 'Messages',
  rows: [
    row(
      'system and developer messages, leading',
      relayed(
        ['openai 2.2 system, developer leading', 'openai 2.3 system'],
        'but as the user, and listed, for models that know no such role',
      ),
      translated(
        ['gemini 4.2 system, developer leading', 'gemini 4.2 system, Gemma'],
        '`systemInstruction`; before the first user turn for Gemma',
      ),
    ),
    row(
      'system and developer messages, later',
      relayed('openai 2.2 system later'),
      adapted('gemini 4.2 system later', 'put before the conversation, in order'),
    ),
    row(
      'user message',
      relayed('openai 2.2 user string'),
      translated(['gemini 4.2 user string', 'gemini 4.2 user array']),
    ),
    row(
      '`text` part',
      relayed('openai 2.2 text part'),
      translated('gemini 4.2 text part', 'empty ones are skipped'),
    ),
    row(
      '`image_url`, data URL',
      relayed('openai 2.2 image_url data', 'but bytes that are no image are refused'),
      translated('gemini 4.2 image_url data', 'inline; types that Gemini does not read are refused'),
    ),
    row(
      '`image_url`, https',
      relayed('openai 2.2 image_url http', 'but addresses of private networks are refused'),
      translated('gemini 4.2 image_url http', 'fetched under guard, and sent inline'),
    ),
    row(
      '`image_url` of YouTube or Google’s Files API',
      undefined,
      translated('gemini 4.2 image_url Files API, YouTube', 'by reference'),
    ),
    row(
      '`image_url.detail`',
      relayed('openai 2.2 image_url.detail'),
      translated('gemini 4.2 image_url.detail', 'before generation 3 left out, and listed'),
    ),
    row(
      '`input_audio` part',
      relayed('openai 2.2 input_audio'),
      translated('gemini 4.2 input_audio', 'more formats than at OpenAI'),
    ),
    row('`file` part with `file_data`', relayed('openai 2.2 file_data'), translated('gemini 4.2 file_data')),
    row(
      '`file` part with `file_id`',
      relayed('openai 2.2 file_id'),
      translated('gemini 4.2 file_id', 'a name of Google’s Files API; others are refused'),
    ),
    row('`video_url` part (extension)', relayed('openai 2.2 video_url'), translated('gemini 4.2 video_url')),
    row(
      '`refusal` part',
      relayed('openai 2.2 refusal part'),
      translated('gemini 4.2 refusal part', 'a text'),
    ),
    row(
      'assistant content',
      relayed('openai 2.2 assistant.content'),
      translated('gemini 4.2 assistant.content'),
    ),
    row(
      'assistant `refusal`',
      relayed('openai 2.2 assistant.refusal'),
      translated('gemini 4.2 assistant.refusal', 'a text'),
    ),
    row(
      'assistant `reasoning_content` (extension)',
      relayed('openai 2.2 assistant.reasoning_content'),
      adapted('gemini 4.2 assistant.reasoning_content', 'left out: it is no history'),
    ),
    row(
      'assistant `tool_calls`',
      relayed('openai 2.2 assistant.tool_calls'),
      translated('gemini 4.2 assistant.tool_calls', 'after the text, in one content'),
    ),
    row(
      'assistant `audio.id`',
      relayed('openai 2.2 assistant.audio.id'),
      refused('gemini 4.2 assistant.audio.id', 'unless its words are there as content'),
    ),
    row(
      'tool message',
      relayed('openai 2.2 tool'),
      translated(['gemini 4.2 tool', 'gemini 4.2 step 5'], 'an object; images too'),
    ),
    row('function message (legacy)', relayed('openai 2.2 function'), translated('gemini 4.2 function')),
    row('`name`', relayed('openai 2.2 name'), adapted('gemini 4.2 name', 'left out')),
    row('roles and parts of tomorrow', relayed('openai 2.2 of tomorrow'), refused('gemini 4.2 step 3')),
    row(
      'signatures of Gemini’s in a history',
      adapted('openai 2.2 extra_content', 'left out: ours only'),
      translated('gemini 4.2 step 7', 'see Thought signatures'),
    ),
    row(
      'consecutive turns of one role',
      undefined,
      translated('gemini 4.2 step 2', 'merged, every part in order'),
    ),
    row(
      'a call without result, a result without call, two results',
      undefined,
      refused('gemini 4.2 step 3', 'by message and part, before Google is asked'),
    ),
    row(
      'ids that come again in later turns',
      undefined,
      translated(['gemini 4.2 step 1', 'gemini 4.2 step 4'], 'looked up in their own step'),
    ),
    row(
      'empty messages; a history that starts with a call',
      undefined,
      adapted('gemini 4.2 step 6', 'empty ones dropped; a user turn inserted'),
    ),
    row(
      'function names that Google refuses',
      undefined,
      translated('gemini 4.2 names', 'rewritten everywhere, and back'),
    ),
  ],
}

const TOOLS: Section = {
  title: 'Tools',
  rows: [
    row('no `tool_choice`', relayed('openai 2.6 function'), translated('gemini 4.3 absent', 'AUTO')),
    row(
      '`"auto"`',
      relayed('openai 2.6 "auto"'),
      translated(['gemini 4.3 "auto"', 'gemini 4.3 "auto" with strict'], 'AUTO; VALIDATED with strict tools'),
    ),
    row(
      '`"none"`',
      relayed('openai 2.6 "none"'),
      translated('gemini 4.3 "none"', 'NONE, and no tools of Google’s'),
    ),
    row('`"required"`', relayed('openai 2.6 "required"'), translated('gemini 4.3 "required"', 'ANY')),
    row(
      'a named function',
      relayed('openai 2.6 {type:"function"}'),
      translated('gemini 4.3 {type:"function"}', 'ANY with its name'),
    ),
    row(
      '`allowed_tools`',
      relayed('openai 2.6 allowed_tools'),
      translated(['gemini 4.3 allowed_tools auto', 'gemini 4.3 allowed_tools required']),
    ),
    row(
      'a choice of an unknown name',
      relayed('openai 2.6 unknown name'),
      refused('gemini 4.3 unknown name'),
    ),
    row('`tools: []`', relayed('openai 2.6 tools empty'), translated('gemini 4.3 tools empty', 'left out')),
    row(
      'a function without parameters',
      relayed('openai 2.6 no parameters'),
      translated('gemini 4.3 no parameters'),
    ),
    row(
      'a history of calls without `tools`',
      undefined,
      translated('gemini 4.3 history without tools', 'declared by name, not to be called'),
    ),
    row(
      'a forced choice beside a JSON schema',
      undefined,
      translated('gemini 4.3 forced choice + JSON schema'),
    ),
    row('calls in the answer', undefined, translated('gemini 4.3 response call')),
  ],
}

const FORMATS: Section = {
  title: 'Structured output',
  rows: [
    row('`text`', relayed('openai 2.5 text'), translated('gemini 4.4 text', 'says nothing')),
    row(
      '`json_object`',
      relayed('openai 2.5 json_object'),
      translated('gemini 4.4 json_object', 'constrained to an object'),
    ),
    row(
      '`json_schema`',
      relayed('openai 2.5 json_schema'),
      translated('gemini 4.4 json_schema', '`responseJsonSchema`, whether strict or not'),
    ),
    row(
      'an unknown type',
      relayed('openai 2.5 grammar'),
      refused('gemini 4.1 response_format', 'in both modes'),
    ),
    row(
      'JSON beside functions',
      relayed('openai 2.5 json + tools'),
      translated(
        ['gemini 4.4 json + tools, Gemini 3+', 'gemini 4.4 json + tools, Gemini < 3'],
        'a synthetic function before generation 3',
      ),
    ),
    row(
      'JSON beside Google’s own tools',
      undefined,
      translated('gemini 4.4 json + built-in tools', 'refused before generation 3'),
    ),
    row('JSON beside images or audio', undefined, refused('gemini 4.4 json + image/audio modalities')),
  ],
}

/** OpenAI gets every schema as it came; these are Gemini's rows alone. */
const schemaRow = (id: string, note?: string): Row =>
  row(`\`${id}\``, undefined, translated(`gemini 4.5 ${id}`, note))
const SCHEMAS: Section = {
  title: 'JSON Schema',
  rows: [
    schemaRow('$schema, $comment, examples, default', 'stripped'),
    schemaRow('definitions', '`$defs`'),
    schemaRow('$ref alone', 'kept'),
    schemaRow('$ref with siblings', 'a copy; the sibling wins'),
    row('`remote $ref`', undefined, refused('gemini 4.5 remote $ref', 'by name')),
    schemaRow('recursive $ref', 'kept where Gemini follows it, else unrolled to a fixed depth'),
    schemaRow('additionalProperties:false', 'kept'),
    schemaRow('additionalProperties:<schema> (maps)', 'kept'),
    schemaRow('const: "a" / number', 'an enum of one'),
    schemaRow('const: true/false/null', 'the type, described'),
    schemaRow('enum of strings', 'kept'),
    schemaRow('enum of numbers', 'kept'),
    schemaRow('enum with null / mixed', 'split'),
    schemaRow('enum:[""] or empty strings', 'dropped, and described'),
    schemaRow('type:["string"]', 'the type'),
    schemaRow('type:["string","null"]', 'kept'),
    schemaRow('type:["string","number"]', 'kept'),
    schemaRow('nullable:true (OpenAPI)', 'a list of types'),
    schemaRow('anyOf:[X,{type:null}]', 'kept'),
    schemaRow('anyOf with siblings', 'moved into the branches'),
    schemaRow('oneOf', 'kept'),
    schemaRow('allOf', 'merged'),
    schemaRow('not, if/then/else, dependentSchemas, patternProperties', 'described'),
    schemaRow('exclusiveMinimum/Maximum', 'whole numbers moved by one; others described'),
    schemaRow('format unknown', 'kept'),
    schemaRow('minLength/maxLength/pattern', 'kept'),
    schemaRow('unlisted keywords', 'described where they say something'),
    schemaRow('array without items', 'may hold anything'),
    schemaRow('tuple items:[…]', '`prefixItems`'),
    schemaRow('object without properties', 'kept'),
    schemaRow('boolean schema true/{}', 'open'),
    schemaRow('boolean schema false', 'nothing fits'),
    schemaRow('missing type with properties/items/enum', 'the type that they imply'),
    schemaRow('required naming unknown props', 'dropped'),
    schemaRow('top level not object (function params)', 'wrapped, and the arguments unwrapped'),
    schemaRow('top level array (response schema)', 'kept'),
    schemaRow('property named type, $ref, properties…', 'kept, whatever it is called'),
  ],
}

const REASONING: Section = {
  title: 'Reasoning',
  rows: [
    ...['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'].map((effort) =>
      row(
        `effort \`${effort}\``,
        relayed('openai 2.1 reasoning_effort'),
        translated(
          `gemini 4.7 ${effort}`,
          'a budget or a level, by generation; what a model lacks is listed',
        ),
      ),
    ),
    row('no effort', undefined, translated('gemini 4.7 absent', 'the model decides')),
    row('image models', undefined, translated('gemini 4.7 image models', 'their own levels')),
    row('unknown models', undefined, translated('gemini 4.7 unknown models', 'levels, without minimal')),
    row(
      '`include_reasoning`, `reasoning.summary` (extensions)',
      relayed('openai 2.1 extensions of others'),
      translated('gemini 4.7 include_reasoning', '`reasoning_content`'),
    ),
    row(
      'a limit that thinking uses up',
      undefined,
      translated('gemini 4.8 max_tokens', '`length`, `""` and the tokens it took'),
    ),
  ],
}

const carriers = [
  'A extra_content',
  'B in the id (LiteLLM)',
  'function.thought_signature (Portkey)',
  'message-level extra_content',
  'provider_specific_fields (LiteLLM)',
  'provider_specific_fields of the message (LiteLLM)',
  'reasoning_details by id (OpenRouter)',
  'reasoning_details without id (OpenRouter)',
]
const SIGNATURES: Section = {
  title: 'Thought signatures',
  rows: [
    row(
      'out, on the call they came with',
      undefined,
      translated('gemini 4.6 A', '`extra_content.google.thought_signature`, whole and streamed'),
    ),
    ...carriers.map((carrier) => row(`back in: ${carrier}`, undefined, translated(`gemini 4.6 ${carrier}`))),
    row('dropped by the client', undefined, translated('gemini 4.6 C', 'from the isolate’s memory')),
    row(
      'never had one, or of another maker',
      undefined,
      adapted('gemini 4.6 sentinel', 'the sentinel that Google documents'),
    ),
    row('every step of the current turn', undefined, translated('gemini 4.6 current turn')),
    row('generation 2.5', undefined, translated('gemini 4.6 <= 2.5', 'sent if there is one, no sentinel')),
  ],
}

const REASONS = {
  stop: ['STOP', 'NO_IMAGE', 'IMAGE_OTHER', 'FINISH_REASON_UNSPECIFIED'],
  length: ['MAX_TOKENS', 'CONTINUATION'],
  content_filter: [
    'SAFETY',
    'PROHIBITED_CONTENT',
    'BLOCKLIST',
    'SPII',
    'RECITATION',
    'LANGUAGE',
    'ESCALATION',
    'PUP_LIMITED_DISABLED',
    'IMAGE_SAFETY',
    'IMAGE_PROHIBITED_CONTENT',
    'IMAGE_RECITATION',
  ],
  'an error': [
    'MALFORMED_FUNCTION_CALL',
    'MALFORMED_RESPONSE',
    'UNEXPECTED_TOOL_CALL',
    'TOO_MANY_TOOL_CALLS',
    'MISSING_THOUGHT_SIGNATURE',
  ],
  '`stop`, or an error if there is nothing': ['OTHER', 'TOMORROWS_REASON'],
}
const FINISH: Section = {
  title: 'Finish reasons of Gemini',
  rows: [
    ...Object.entries(REASONS).flatMap(([finish, reasons]) =>
      reasons.map((reason) =>
        row(
          reason === 'TOMORROWS_REASON' ? 'a new one' : `\`${reason}\``,
          undefined,
          translated(`gemini 3.2 ${reason}`, finish.includes(' ') ? finish : `\`${finish}\``),
        ),
      ),
    ),
    row(
      'a blocked prompt',
      undefined,
      translated('gemini 3.2 promptFeedback.blockReason', '`content_filter`, with a refusal'),
    ),
    row('none', undefined, translated('gemini 4.9 unspecified reason', '`stop` for a whole answer')),
  ],
}

const ANSWERS: Section = {
  title: 'Answers of Gemini',
  rows: [
    row('id, time, model', undefined, translated('gemini 4.9 id, created, model')),
    row(
      '`content`',
      undefined,
      translated('gemini 4.9 content', '`null` beside calls alone, `""` if nothing'),
    ),
    row('pictures', undefined, translated('gemini 4.9 message.images', '`message.images`')),
    row('sound', undefined, translated('gemini 4.9 message.audio', '`message.audio`')),
    row('code that Google ran', undefined, translated('gemini 4.9 executableCode', 'content, never a call')),
    row('`logprobs`', undefined, translated('gemini 4.9 logprobs', '`null`')),
    row('citations', undefined, translated('gemini 3.4', '`annotations`, at offsets of characters')),
    row(
      'a long answer to be continued',
      undefined,
      translated('gemini 3.7', '`length`, with the token to go on'),
    ),
    row('`usage.prompt_tokens`', undefined, translated('gemini 3.3 prompt_tokens')),
    row(
      '`usage.completion_tokens`',
      undefined,
      translated('gemini 3.3 completion_tokens', 'thoughts are among them'),
    ),
    row('`usage.total_tokens`', undefined, translated('gemini 3.3 total_tokens')),
    row('cached tokens', undefined, translated('gemini 3.3 cached_tokens', 'part of the prompt')),
    row('tokens by modality', undefined, translated('gemini 3.3 audio_tokens, text/image tokens')),
    row('thoughts counted twice', undefined, translated('gemini 3.3 invariant', 'noticed, and counted once')),
    row('`service_tier`', undefined, translated('gemini 3.3 service_tier', 'the one that served')),
  ],
}

const STREAMS: Section = {
  title: 'Streams of Gemini',
  rows: [
    row(
      'the chunks of a text, of thoughts and of calls',
      undefined,
      translated(['gemini 3.6 plain text', 'gemini 3.6 thinking with summaries', 'gemini 3.6 tool call']),
    ),
    row('one id, time and model', undefined, translated('gemini 4.10')),
    row('the role', undefined, translated('gemini 4.10 step 1', 'once, in a chunk of its own')),
    row('every part in order; calls numbered throughout', undefined, translated('gemini 4.10 step 2')),
    row('what follows the finish reason', undefined, translated('gemini 4.10 step 3', 'still counts')),
    row('the end', undefined, translated('gemini 4.10 step 4', 'finish, usage, `[DONE]`')),
    row(
      'an end without finish reason',
      undefined,
      translated('gemini 4.10 step 5', 'an error, nothing made up'),
    ),
    row(
      'a malformed call',
      undefined,
      translated('gemini 4.10 step 6', 'asked for once more while nothing was sent'),
    ),
    row('a client that leaves', undefined, translated('gemini 4.10 step 7', 'cancels the upstream')),
  ],
}

const ERRORS: Section = {
  title: 'Errors of Gemini',
  rows: [
    '302',
    '400 API key expired',
    '400 API_KEY_INVALID',
    '400 FAILED_PRECONDITION',
    '400 INVALID_ARGUMENT',
    '400 OUT_OF_RANGE',
    '400 errors[].reason',
    '400 token limit',
    '401 UNAUTHENTICATED',
    '402 RESOURCE_EXHAUSTED',
    '403 PERMISSION_DENIED',
    '403 file',
    '403 leaked',
    '404 NOT_FOUND',
    '404 cached content',
    '404 new users',
    '409 ABORTED',
    '413',
    '416 OUT_OF_RANGE',
    '429 RESOURCE_EXHAUSTED',
    '499 CANCELLED',
    '500 INTERNAL',
    '501 UNIMPLEMENTED',
    '502',
    '503 UNAVAILABLE',
    '504 DEADLINE_EXCEEDED',
    '520 of a proxy',
  ].map((error) => row(error, undefined, translated(`gemini 1.3 ${error}`))),
}

export const SECTIONS: readonly Section[] = [
  PARAMETERS,
  MESSAGES,
  TOOLS,
  FORMATS,
  SCHEMAS,
  REASONING,
  SIGNATURES,
  FINISH,
  ANSWERS,
  STREAMS,
  ERRORS,
]
