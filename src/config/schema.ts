import * as z from 'zod'

const milliseconds = z.number().int().positive()
/** A name that the operator gives: it appears in headers and reports. */
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/)

const target = z.strictObject({
  provider: z.enum(['openai', 'gemini']).optional().describe('Left out: the provider of the model.'),
  model: name.describe('A model id, as its provider or the catalog knows it.'),
})

const route = z.strictObject({
  targets: z.array(target).min(1).max(16).describe('Tried in this order.'),
})

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
  routes: z
    .record(name, route)
    .default({})
    .describe('Model names of your own, each over one or more targets.'),
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
