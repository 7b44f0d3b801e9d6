import type { PriceOf } from '../catalog/pricing.ts'
import type { Config } from '../config/schema.ts'
import type { Settled } from '../gateway/types.ts'
import type { Chance } from '../lib/chance.ts'
import type { Timers } from '../lib/clock.ts'
import type { UsageQuery } from './ask.ts'
import { createBatcher, type Defer } from './batcher.ts'
import type { DataPoint } from './data-point.ts'
import type { LedgerObject } from './ledger-object.ts'
import { readUsage, type UsageReport } from './reader.ts'
import type { About } from './record.ts'
import { createRecorder } from './recorder.ts'
import { ledgerName, ledgerNames } from './shards.ts'

/** The books of this isolate, and the way to everybody's. */
export interface Books {
  /** A request of a key has begun. */
  readonly begin: (keyId: string, defer: Defer) => void
  /** Books a request that is over; what that takes goes behind the response. */
  readonly settled: (settled: Settled, about: About, defer: Defer) => void
  readonly readUsage: (query: UsageQuery) => Promise<UsageReport>
}

/** Where the books are kept. */
export interface BooksParts {
  /** Absent: nothing is booked. */
  readonly ledgerObject?: (name: string) => LedgerObject
  /** Absent where Analytics Engine is not bound. */
  readonly writePoint?: (point: DataPoint) => void
}

interface BooksPorts {
  readonly timers: Timers
  readonly chance: Chance
  readonly writeLog: (line: string) => void
  readonly complain: (message: string) => void
}

/** The same books under each configuration: what waits to be sent outlives a change of it. */
export type OpenBooks = (usage: Config['usage'], priceOf: PriceOf) => Books

export function createBooks({ ledgerObject, writePoint }: BooksParts, ports: BooksPorts): OpenBooks {
  if (ledgerObject === undefined) {
    return () => ({
      begin: () => undefined,
      settled: () => undefined,
      readUsage: (query) => readUsage([], query),
    })
  }
  const isolate = crypto.randomUUID()
  const batcher = createBatcher({ isolate, timers: ports.timers, object: ledgerObject })
  return (usage, priceOf) => {
    const recorder = createRecorder({
      ...ports,
      isolate,
      batcher,
      priceOf,
      ledgerOf: (keyId) => ledgerName(keyId, isolate, usage),
      writePoint,
      logShare: usage.logShare,
    })
    return {
      begin: (keyId, defer) => recorder.begin(keyId, defer),
      settled: (settled, about, defer) => recorder.end(settled, about, defer),
      readUsage: (query) => readUsage(ledgerNames(usage).map(ledgerObject), query),
    }
  }
}
