import { formatUsd } from '../catalog/money.ts'
import { countsOf } from './counters.ts'
import type { UsageRecord } from './record.ts'

/** One line of the log for one request: no content, no header, no key. */
export function logLine(record: UsageRecord): string {
  const {
    usage,
    saved,
    picoUsd,
    own,
    savedPicoUsd,
    ownSavedPicoUsd,
    attempts,
    startedAt,
    requestId,
    keyId,
    ...rest
  } = record
  return JSON.stringify({
    level: 'info',
    event: 'request',
    requestId,
    at: startedAt,
    key: keyId,
    ...rest,
    usage: usage === undefined ? null : countsOf(usage),
    cost_usd: dollars(picoUsd),
    ...(own && { own_key_usd: dollars(own.picoUsd) }),
    ...(saved !== undefined && { saved: countsOf(saved), saved_usd: formatUsd(savedPicoUsd) }),
    ...(ownSavedPicoUsd > 0n && { own_key_saved_usd: formatUsd(ownSavedPicoUsd) }),
    attempts: attempts.map(({ provider, model, ms, failure, spent, unsettled }) => ({
      target: `${provider}/${model}`,
      ms,
      failure: failure ?? null,
      ...(unsettled && { unsettled }),
      ...(spent !== undefined && { usage: countsOf(spent.usage), cost_usd: dollars(spent.picoUsd) }),
      ...(spent?.own && { own_key_usd: dollars(spent.own.picoUsd) }),
    })),
  })
}

const dollars = (picoUsd: bigint | undefined): string | null =>
  picoUsd === undefined ? null : formatUsd(picoUsd)
