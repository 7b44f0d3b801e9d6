import { readFileSync } from 'node:fs'
import * as z from 'zod'
import {
  diffSchema,
  keyPageSchema,
  providerKeySchema,
  putConfigSchema,
  rollbackSchema,
  rotationSchema,
  pageSchema,
  purgeSchema,
} from '../src/http/admin-schemas.ts'
import { keyChangeSchema, newKeySchema } from '../src/keys/object/key-input.ts'
import { endpoints } from '../src/protocol/index.ts'
import { parameterSchema } from '../src/usage/ask-input.ts'

type Json = Readonly<Record<string, unknown>>

interface Operation {
  readonly summary: string
  readonly security: 'caller' | 'admin' | 'none'
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Left out: JSON. */
  readonly takes?: string
  readonly answers?: string
}

const page = 'The first entries, newest first; the next page begins before the last of them.'

/** Everything that answers besides the table of endpoints; a worker test holds it against the routes that exist. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  'get /health': { summary: 'Liveness.', security: 'none' },
  'get /openapi.json': { summary: 'This description.', security: 'none' },
  'get /v1/models': { summary: 'The models that the caller may use.', security: 'caller' },
  'get /v1/models/{id}': { summary: 'One model.', security: 'caller' },
  'post /v1/explain': { summary: 'What would be done with a request, calling nobody.', security: 'caller' },
  'get /v1/health': { summary: 'The state of every target.', security: 'caller' },
  'get /v1/usage': {
    summary: "What the caller's own key has used.",
    security: 'caller',
    query: parameterSchema,
  },
  'get /v1/usage/key': {
    summary: "The limits, budgets and use of the caller's own virtual key.",
    security: 'caller',
  },
  'get /v1/realtime': { summary: 'A session over a WebSocket.', security: 'caller' },
  'post /v1/realtime/calls': {
    summary: 'Begins a WebRTC call.',
    security: 'caller',
    takes: 'multipart/form-data',
    answers: 'application/sdp',
  },
  'get /v1/responses/{id}': { summary: 'A response that was made earlier.', security: 'caller' },
  'delete /v1/responses/{id}': { summary: 'Forgets a response.', security: 'caller' },
  'post /v1/responses/{id}/cancel': {
    summary: 'Cancels a response that runs in the background.',
    security: 'caller',
  },
  'get /v1/responses/{id}/input_items': { summary: 'What a response was asked with.', security: 'caller' },
  'get /admin/config': { summary: 'The runtime configuration in force.', security: 'admin' },
  'put /admin/config': { summary: 'Puts a new version in force.', security: 'admin', body: putConfigSchema },
  'get /admin/config/versions': { summary: page, security: 'admin', query: pageSchema },
  'get /admin/config/versions/{version}': { summary: 'One version.', security: 'admin' },
  'get /admin/config/diff': {
    summary: 'What changed between two versions.',
    security: 'admin',
    query: diffSchema,
  },
  'post /admin/config/rollback': {
    summary: 'Puts an old version in force again.',
    security: 'admin',
    body: rollbackSchema,
  },
  'get /admin/config/audit': {
    summary: 'Who changed the configuration.',
    security: 'admin',
    query: pageSchema,
  },
  'put /admin/providers/{name}/key': {
    summary: "Keeps a provider's key, never to be read back.",
    security: 'admin',
    body: providerKeySchema,
  },
  'delete /admin/providers/{name}/key': { summary: "Forgets a provider's key.", security: 'admin' },
  'post /admin/keys': {
    summary: 'Makes a virtual key; the answer is the only one that holds it.',
    security: 'admin',
    body: newKeySchema,
  },
  'get /admin/keys': { summary: 'Virtual keys, newest first.', security: 'admin', query: keyPageSchema },
  'get /admin/keys/{id}': { summary: 'One virtual key.', security: 'admin' },
  'patch /admin/keys/{id}': {
    summary: 'Changes a virtual key; a part that is named replaces the whole part.',
    security: 'admin',
    body: keyChangeSchema,
  },
  'post /admin/keys/{id}/rotate': {
    summary: 'A second key of the same id; the old one stays valid for the overlap.',
    security: 'admin',
    body: rotationSchema,
  },
  'post /admin/keys/{id}/revoke': { summary: 'Ends a virtual key for good.', security: 'admin' },
  'get /admin/keys/{id}/usage': {
    summary: 'What a virtual key has used, and has set aside.',
    security: 'admin',
  },
  'post /admin/cache/purge': {
    summary: 'Forgets what the response cache keeps of everything, a tenant or a route.',
    security: 'admin',
    body: purgeSchema,
  },
  'delete /admin/cache/{key}': {
    summary: 'Forgets one kept answer, by its x-gateway-cache-key.',
    security: 'admin',
  },
  'get /admin/audit': { summary: 'Who changed virtual keys.', security: 'admin', query: pageSchema },
  'get /admin/usage': {
    summary: 'Who used what, and what it cost.',
    security: 'admin',
    query: parameterSchema,
  },
  'get /metrics': { summary: 'Prometheus text.', security: 'admin', answers: 'text/plain' },
  'get /admin/health': { summary: 'The state of every target.', security: 'admin' },
}

/** The whole HTTP surface as OpenAPI 3.1, from the schemas that check it. */
export function openapi(): string {
  const { version }: { readonly version: string } = JSON.parse(readFileSync('package.json', 'utf8'))
  const served = Object.entries(endpoints).map(([id, { path, form, envelope }]): [string, Operation] => [
    `post /v1${path}`,
    {
      summary: `OpenAI's \`${path}\` (${id}). Fields beyond these are passed on.`,
      security: 'caller',
      body: envelope,
      ...(form !== undefined && { takes: 'multipart/form-data' }),
    },
  ])
  const paths: Record<string, Record<string, Json>> = {}
  for (const [route, operation] of [...served, ...Object.entries(OPERATIONS)]) {
    const [method = '', path = ''] = route.split(' ')
    paths[path] = { ...paths[path], [method]: described(path, operation) }
  }
  const document = {
    openapi: '3.1.0',
    info: { title: 'LLM Gateway', version, license: { name: 'MIT', identifier: 'MIT' } },
    paths,
    components: {
      securitySchemes: {
        caller: {
          type: 'http',
          scheme: 'bearer',
          description: 'A virtual key, one of GATEWAY_KEYS, or a provider key (docs/keys.md).',
        },
        admin: { type: 'http', scheme: 'bearer', description: 'ADMIN_SECRET.' },
      },
      schemas: { Error: ERROR },
    },
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

const ERROR: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['message', 'type', 'param', 'code'],
      properties: {
        message: { type: 'string' },
        type: { type: 'string' },
        param: { type: ['string', 'null'] },
        code: { type: ['string', 'null'] },
      },
    },
  },
}

function described(path: string, { summary, security, query, body, takes, answers }: Operation): Json {
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...queryParameters(query),
  ]
  return {
    summary,
    ...(security !== 'none' && { security: [{ [security]: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...((body !== undefined || takes !== undefined) && {
      requestBody: {
        required: true,
        content: { [takes ?? 'application/json']: body === undefined ? {} : { schema: schemaOf(body) } },
      },
    }),
    responses: {
      '2XX': { description: 'Done.', content: { [answers ?? 'application/json']: {} } },
      default: {
        description: 'Refused.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

function queryParameters(query: z.ZodType | undefined): readonly Json[] {
  if (query === undefined) return []
  const { properties = {}, required = [] } = schemaOf(query) as {
    readonly properties?: Readonly<Record<string, Json>>
    readonly required?: readonly string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    ...(required.includes(name) && { required: true }),
    schema,
  }))
}

function schemaOf(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json
  return rest
}
