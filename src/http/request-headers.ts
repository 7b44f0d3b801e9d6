/** The names of all headers in which a request may ask something of the gateway; the README's table is checked against them. */
export const REQUEST_HEADERS = {
  timeoutMs: 'x-gateway-timeout-ms',
  lifecycle: 'x-gateway-lifecycle',
  adaptation: 'x-gateway-adaptation',
  model: 'x-gateway-model',
  strategy: 'x-gateway-strategy',
  maxCost: 'x-gateway-max-cost',
  session: 'x-gateway-session',
  trace: 'x-gateway-trace',
  cache: 'x-gateway-cache',
  cacheControl: 'cache-control',
  tags: 'x-gateway-tags',
  providerKey: 'x-gateway-provider-key',
  openaiKey: 'x-openai-api-key',
  geminiKey: 'x-goog-api-key',
} as const

/** What clients send besides: who calls, what the body is, and what OpenAI's SDKs say of themselves. */
const OF_CLIENTS = [
  'authorization',
  'x-api-key',
  'api-key',
  'content-type',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'x-client-request-id',
  'x-stainless-lang',
  'x-stainless-package-version',
  'x-stainless-os',
  'x-stainless-arch',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-retry-count',
  'x-stainless-timeout',
  'x-stainless-helper-method',
  'x-stainless-poll-helper',
]

/** What a page of an allowed origin may send. */
export const ALLOWED_HEADERS = [...OF_CLIENTS, ...Object.values(REQUEST_HEADERS)].join(', ')
