import { type Counter, type Counters, countsOf, sum } from './counters.ts'
import { totalOf, type UsageRecord } from './record.ts'

/** A row of Analytics Engine: one index, texts, numbers. */
export interface DataPoint {
  readonly indexes: string[]
  readonly blobs: string[]
  readonly doubles: number[]
}

/** Texts share 16 KB, and an index has 96 bytes. */
const MAX_CHARS = 256
const MAX_INDEX_BYTES = 96
const PICO_PER_NANO = 1_000

/** The columns are documented in docs/usage.md: their order is their name. */
export function dataPoint(record: UsageRecord): DataPoint {
  const { picoUsd, own } = totalOf(record)
  const counts = [record.usage, ...record.attempts.map(({ spent }) => spent?.usage)]
    .map((usage): Counters => (usage === undefined ? {} : countsOf(usage)))
    .reduce(sum)
  const count = (...names: readonly Counter[]): number =>
    names.reduce((total, name) => total + (counts[name] ?? 0), 0)
  const failed = record.attempts.filter(({ failure }) => failure !== undefined)
  return {
    indexes: [record.keyId.replaceAll(/[^\x20-\x7e]/g, '').slice(0, MAX_INDEX_BYTES)],
    blobs: [
      record.tenant,
      record.keyId,
      record.provider,
      record.model,
      record.asked,
      record.route ?? '',
      record.endpoint,
      record.tag,
      record.finish,
      record.error ?? '',
      record.tier,
      record.requestId,
      record.isolate,
      failed.map(({ provider, model, failure }) => `${provider}/${model}:${failure}`).join(' '),
    ].map((text) => text.slice(0, MAX_CHARS)),
    doubles: [
      record.status,
      record.durationMs,
      record.ttftMs ?? -1,
      nanoOf(picoUsd),
      Number(record.savedPicoUsd) / PICO_PER_NANO,
      count('input_tokens'),
      count('cached_tokens'),
      count('cache_write_tokens'),
      count('output_tokens'),
      count('reasoning_tokens'),
      count('audio_input_tokens', 'audio_output_tokens'),
      count('image_input_tokens', 'image_output_tokens'),
      record.attempts.length,
      failed.length,
      isEstimated(record) ? 1 : 0,
      record.sequence,
      own === undefined ? 0 : nanoOf(own.picoUsd),
      own === undefined ? 0 : 1,
      Number(record.ownSavedPicoUsd) / PICO_PER_NANO,
    ],
  }
}

const nanoOf = (picoUsd: bigint | undefined): number =>
  picoUsd === undefined ? -1 : Number(picoUsd) / PICO_PER_NANO

const isEstimated = ({ estimated, attempts }: UsageRecord): boolean =>
  estimated || attempts.some(({ spent }) => spent?.estimated)
