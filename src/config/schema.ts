import * as z from 'zod'
import { strategies, type StrategyName } from '../router/strategies/index.ts'

const milliseconds = z.number().int().positive()
/** A name that the operator gives: it appears in headers and reports. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/)

const secret = z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be the name of a secret, in capitals')

const credential = z.strictObject({
  secret: secret.describe(
    'The name of the secret that holds the key; it is also the name of the credential.',
  ),
  weight: z.number().positive().default(1),
})

export const keyModeSchema = z
  .enum(['gateway', 'client', 'hybrid'])
  .describe(
    "Whose provider keys are used: the deployment's, those that requests bring, or the deployment's unless a request brings one.",
  )
export type KeyMode = z.infer<typeof keyModeSchema>

const provider = z.strictObject({
  keyMode: keyModeSchema.optional().describe('For this provider; left out: as for the deployment.'),
  api: z.enum(['openai', 'gemini']).default('openai').describe('The API that it speaks.'),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('For `openai` ending in /v1, for `gemini` the origin. Required for providers of your own.'),
  credentials: z
    .array(credential)
    .min(1)
    .optional()
    .describe(
      'Keys of the deployment, used by weight, and each as a fallback of the others. Left out for a provider of your own: the key given through the admin API.',
    ),
  serviceTier: z
    .enum(['default', 'priority'])
    .optional()
    .describe(
      'The tier that the account gives to requests which name none, or `auto`: what budgets set aside for them.',
    ),
  models: z
    .array(name)
    .default([])
    .describe('Model ids that are listed and routed to it by their bare name.'),
})

const target = z.strictObject({
  provider: name.optional().describe('Left out: the provider of the model.'),
  model: name.describe('A model id, as its provider or the catalog knows it.'),
  credential: secret.optional().describe("Left out: any of the provider's."),
  weight: z.number().nonnegative().default(1).describe('Share of the traffic, for strategies that weigh.'),
  priority: z
    .number()
    .int()
    .nonnegative()
    .default(0)
    .describe('Lower is tried first; strategies order within one priority.'),
})

const strategy = z.literal(Object.keys(strategies)).pipe(z.custom<StrategyName>())

/** A month: what a model said longer ago is another model's answer. */
export const MAX_TTL_SECONDS = 2_592_000
export const ttlSeconds = z.number().int().positive().max(MAX_TTL_SECONDS)
const generation = z.number().int().nonnegative()
const MB = 1_048_576

const route = z.strictObject({
  cache: z
    .strictObject({
      ttlSeconds: ttlSeconds.describe('How long an answer is given again.'),
      failover: z
        .boolean()
        .default(false)
        .describe('Keep answers of a target that only served because a better one could not.'),
    })
    .optional()
    .describe('Give the same answer to the same request of the same tenant. Needs GATEWAY_SECRET.'),
  targets: z.array(target).min(1).max(16),
  strategy: strategy.optional().describe('How targets of one priority are ordered. Left out: the default.'),
  sticky: z
    .boolean()
    .default(false)
    .describe('Keep a session, or a prompt prefix, at one target, for the sake of its prompt cache.'),
  maxCostUsd: z
    .number()
    .positive()
    .optional()
    .describe('Targets whose expected cost of a request is higher are left out.'),
})

const usd = z.number().nonnegative()
const price = z.strictObject({
  input: usd.optional().describe('US dollars per million tokens, as are the others.'),
  cached: usd.optional(),
  cacheWrite: usd.optional(),
  output: usd.optional(),
  audioIn: usd.optional(),
  audioOut: usd.optional(),
  imageIn: usd.optional(),
  imageOut: usd.optional(),
  perMinute: usd.optional().describe('US dollars per minute of audio.'),
  perMillionCharacters: usd.optional(),
  perSearch: usd.optional().describe('US dollars per search.'),
})

const share = z.number().min(0).max(1)
const days = z.number().int().positive()

/** The whole configuration: what `gateway.yaml` may say, with the defaults. */
export const configSchema = z.strictObject({
  lifecycle: z
    .enum(['as-is', 'follow', 'refuse'])
    .default('as-is')
    .describe(
      'What to do with a model past its shutdown date: send it anyway, serve its successor, or refuse with 404.',
    ),
  adaptation: z
    .enum(['lenient', 'strict'])
    .default('lenient')
    .describe('Lenient leaves out hints that a model cannot honour and lists them; strict refuses them.'),
  providers: z
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), provider)
    .default({})
    .describe('Settings of `openai` and `gemini`, and providers of your own.'),
  upstreamAllowHosts: z
    .array(z.string())
    .default([])
    .describe('Hosts of base URLs that may be private, plain HTTP or on another port; not at runtime.'),
  keyMode: keyModeSchema
    .optional()
    .describe(
      'Whose provider keys are used: `gateway`, `client` or `hybrid`. Left out: `gateway` where the deployment has a provider key, else `client`.',
    ),
  strategy: strategy.default('priority').describe('The strategy of routes that name none.'),
  failover: z
    .enum(['off', 'equivalents'])
    .default('off')
    .describe(
      "`equivalents`: a model without a route falls over to the other provider's of the same band (catalog).",
    ),
  routes: z
    .record(name, route)
    .default({})
    .describe('Model names of your own, each over one or more targets.'),
  spill: z
    .strictObject({
      floorPerS: z
        .number()
        .positive()
        .optional()
        .describe('Requests/s that any target may take in any case. Left out: no cap.'),
      targets: z
        .record(name, z.number().positive())
        .default({})
        .describe('The same for single targets, by `provider/model`.'),
    })
    .prefault({})
    .describe(
      'What a target may receive while another is out: twice its own usual rate, or its floor if that is more. What is beyond is answered 503 with Retry-After, so that one outage does not become two.',
    ),
  cache: z
    .strictObject({
      ttlSeconds: ttlSeconds.default(300).describe('For requests that switch the cache on and name no time.'),
      generation: z
        .strictObject({
          everything: generation.default(0),
          tenants: z.record(z.string(), generation).default({}),
          routes: z.record(z.string(), generation).default({}),
        })
        .prefault({})
        .describe(
          'Raise a number to forget what was kept before: everything, of a tenant, of a route or model.',
        ),
      memoryBytes: z
        .number()
        .int()
        .nonnegative()
        .max(32 * MB)
        .default(8 * MB)
        .describe('Of each isolate.'),
      maxEntryBytes: z
        .number()
        .int()
        .positive()
        .max(20 * MB)
        .default(2 * MB)
        .describe('A longer answer is not kept.'),
      readTimeoutMs: milliseconds.default(250).describe('A slower KV counts as a miss.'),
    })
    .prefault({})
    .describe('The response cache. It is off unless a route, a virtual key or a request switches it on.'),
  prices: z
    .record(name, price)
    .default({})
    .describe("Your own prices by model id, in the place of the catalog's."),
  usage: z
    .strictObject({
      logShare: share.default(0.01).describe('Share of requests that leave a line in the log.'),
      shards: z
        .number()
        .int()
        .min(1)
        .max(64)
        .default(1)
        .describe('Ledger objects over which keys are spread. Never lower it; not at runtime.'),
      spread: z
        .number()
        .int()
        .min(1)
        .max(64)
        .default(4)
        .describe('Objects per shard, over which isolates are spread. Never lower it; not at runtime.'),
      minuteDays: days.default(2).describe('How long totals by the minute are kept.'),
      hourDays: days.default(90),
      dayDays: days.default(1_100),
    })
    .prefault({})
    .describe('The books of who used what.'),
  cors: z
    .strictObject({ origins: z.array(z.string()).default([]) })
    .prefault({})
    .describe('Browser origins that may call /v1. None by default.'),
  media: z
    .strictObject({
      allowHosts: z
        .array(z.string())
        .default([])
        .describe('Hosts exempt from the rules for fetched media; for development and tests.'),
      maxBytes: z.number().int().positive().default(8_388_608),
      timeoutMs: milliseconds.default(10_000),
    })
    .prefault({})
    .describe('Media that the gateway fetches for providers that take none by URL.'),
  responses: z
    .strictObject({
      retentionDays: z.number().int().positive().max(3_650).default(30),
    })
    .prefault({})
    .describe('How long stored responses can be asked for, and gone on from.'),
  timeouts: z
    .strictObject({
      requestMs: milliseconds.default(120_000).describe('A whole answer that is not streamed.'),
      streamMs: milliseconds.default(300_000).describe('A whole stream.'),
      reasoningMs: milliseconds.default(600_000).describe('Either of them, for a model that reasons.'),
      firstEventMs: milliseconds.default(20_000).describe('The first meaningful event of an attempt.'),
      reasoningFirstEventMs: milliseconds.default(120_000),
      stallMs: milliseconds.default(30_000).describe('Between two events.'),
      reasoningStallMs: milliseconds.default(120_000),
      commitMs: milliseconds
        .default(25_000)
        .describe('Silence after which a stream gets its headers and comments.'),
      keepAliveMs: milliseconds.default(10_000).describe('Between two comments on a silent stream.'),
    })
    .prefault({}),
})
export type Config = z.infer<typeof configSchema>
/** What one may write in `gateway.yaml`: everything may be left out. */
export type ConfigInput = z.input<typeof configSchema>
