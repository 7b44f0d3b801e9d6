import { endpointOf, endpoints, type EndpointId, isEndpointId } from '../src/protocol/index.ts'
import { REALTIME_PATH } from '../src/protocol/realtime.ts'
import { apis, codecFor } from '../src/providers/index.ts'
import type { Provider } from '../src/providers/provider.ts'

const START = '<!-- endpoints: made by scripts/endpoint-table.ts -->'
const END = '<!-- /endpoints -->'

const WORDS = { passthrough: 'relayed', translation: 'translated' } as const

/** A README with its table of endpoints and providers as the code has it. */
export function withEndpointTable(readme: string): string {
  const from = readme.indexOf(START)
  const to = readme.indexOf(END)
  if (from < 0 || to < from) throw new Error(`README.md has no ${START} … ${END}`)
  return `${readme.slice(0, from + START.length)}\n\n${table()}\n\n${readme.slice(to)}`
}

function table(): string {
  const rows = [
    ['', 'OpenAI', 'Gemini'],
    ...Object.keys(endpoints)
      .filter((id) => isEndpointId(id))
      .map((id) => [`\`POST /v1${endpointOf(id).path}\``, how(apis.openai, id), how(apis.gemini, id)]),
    [`\`GET\`, \`DELETE /v1${RESPONSES}/{id}\``, stored(apis.openai), stored(apis.gemini)],
    [`\`POST /v1${RESPONSES}/{id}/cancel\``, stored(apis.openai), stored(apis.gemini)],
    [`\`GET /v1${RESPONSES}/{id}/input_items\``, stored(apis.openai), stored(apis.gemini)],
    [`\`POST /v1${REALTIME_PATH}/calls\``, session(apis.openai), session(apis.gemini)],
    [`\`GET /v1${REALTIME_PATH}\` (WebSocket)`, session(apis.openai), session(apis.gemini)],
    ['`GET /v1/models`, `GET /v1/models/{id}`', 'from the catalog', 'from the catalog'],
    ['`POST /v1/explain`', 'what the gateway would do', 'calling nobody'],
    ['`GET /v1/health`', 'state of every target', ''],
    ['`GET /v1/usage/key`', "the caller's own limits", ''],
    ['`/admin/…`', 'keys, configuration, logs', ''],
    ['`GET /openapi.json`', 'all of this, described', ''],
    ['`GET /health`', 'liveness, no key needed', ''],
  ]
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...others] = rows
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...others.map(line)].join('\n')
}

function how(provider: Provider, id: EndpointId): string {
  const own = provider.codecs[id]
  if (own !== undefined) return own.instead === undefined ? WORDS[own.kind] : `${WORDS[own.kind]}, or bridged`
  return codecFor(provider, id) === undefined ? 'absent' : 'bridged over chat'
}

const RESPONSES = endpoints.responses.path
/** Who shows a response that was made earlier. */
function stored(provider: Provider): string {
  return provider.codecs.responses?.kind === 'passthrough' ? 'relayed' : 'kept by the gateway'
}

const session = ({ realtime }: Provider): string => (realtime === undefined ? 'absent' : 'relayed')
