import { GatewayError } from '../errors.ts'
import type { Tags } from '../gateway/types.ts'
import { isRecord } from '../protocol/guards.ts'
import type { Hook } from './hook.ts'

const HEADER = 'x-gateway-tags'
const MAX_TAGS = 16
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const VALUE = /^[\x20-\x7e]{1,128}$/

/**
 * Tags a request for the books: by its `metadata`, as OpenAI's clients send it, and by `x-gateway-tags: team=search,
 * env=prod`, which wins. A header that cannot be read is refused; metadata that makes no tag is somebody else's.
 */
export const metadataTags: Hook = {
  name: 'metadata-tags',
  request(request, { header }) {
    const given = header(HEADER)
    const metadata: unknown = 'metadata' in request ? request['metadata'] : undefined
    if (given === undefined && !isRecord(metadata)) return undefined
    const tags = [...Object.entries(isRecord(metadata) ? metadata : {}).filter(isTag), ...parse(given ?? '')]
    return Object.fromEntries(tags.slice(-MAX_TAGS))
  },
}

function parse(text: string): readonly [string, string][] {
  const tags = text
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part): [string, string] => {
      const [name = '', ...value] = part.split('=')
      return [name.trim(), value.join('=').trim()]
    })
  if (tags.length <= MAX_TAGS && tags.every(isTag)) return tags
  const message = `'${HEADER}' must be at most ${MAX_TAGS} pairs of name=value, separated by commas.`
  throw new GatewayError('invalid_header', message, { param: HEADER })
}

const isTag = (entry: [string, unknown]): entry is [keyof Tags, string] =>
  NAME.test(entry[0]) && typeof entry[1] === 'string' && VALUE.test(entry[1])
