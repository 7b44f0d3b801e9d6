import { randomId } from '../answer.ts'
import { arrayOf, objectOf, textOf } from '../json.ts'
import type { Json } from '../json.ts'
import type { Exchange, Reply } from '../types.ts'
import { checkRequest } from './endpoint.ts'
import { invalid } from './errors.ts'

const CATEGORIES = [
  'harassment',
  'harassment/threatening',
  'hate',
  'hate/threatening',
  'illicit',
  'illicit/violent',
  'self-harm',
  'self-harm/intent',
  'self-harm/instructions',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
]

/** openai.md 5.3: one result per text, one for a list of parts. A text that says `violence` is flagged. */
export function moderations(exchange: Exchange): Reply {
  const { request, model } = checkRequest(exchange, {
    path: 'moderations',
    kinds: ['moderation'],
    required: ['input'],
    fields: [{ name: 'input', kind: 'string or array', min: 1 }],
    model: 'omni-moderation-latest',
  })
  const { input } = request
  const parts = arrayOf(input)
  const texts =
    typeof input === 'string'
      ? [input]
      : parts.every((part) => typeof part === 'string')
        ? parts.map(textOf)
        : [parts.map(partText).join(' ')]
  return {
    kind: 'json',
    body: {
      id: `modr-${randomId(24, exchange.clock.random)}`,
      model: model.snapshot,
      results: texts.map(judge),
    },
  }
}

function partText(part: Json): string {
  const { type, text, image_url: image } = objectOf(part)
  if (type === 'text') return textOf(text)
  if (type === 'image_url') return textOf(objectOf(image)['url'])
  throw invalid('invalid_value', 'input[0].type', "Invalid value. Supported values are: 'text', 'image_url'.")
}

function judge(text: string): Json {
  const bad = (name: string): boolean => name === 'violence' && /\bviolence\b/.test(text)
  const each = <T>(of: (name: string) => T) => Object.fromEntries(CATEGORIES.map((name) => [name, of(name)]))
  return {
    flagged: CATEGORIES.some(bad),
    categories: each(bad),
    category_scores: each((name) => (bad(name) ? 0.98 : 0.0001)),
    category_applied_input_types: each(() => ['text']),
  }
}
