import type { PriceOf } from '../catalog/pricing.ts'
import type { Settled } from '../gateway/types.ts'
import type { Chance } from '../lib/chance.ts'
import type { EndpointId } from '../protocol/index.ts'
import type { Batcher, Defer } from './batcher.ts'
import { type DataPoint, dataPoint } from './data-point.ts'
import { entryOf } from './entry.ts'
import { logLine } from './log-line.ts'
import { type About, recordOf, type UsageRecord } from './record.ts'

export interface RecorderPorts {
  readonly isolate: string
  readonly chance: Chance
  readonly priceOf: PriceOf
  readonly batcher: Batcher
  /** The ledger object of a key. */
  readonly ledgerOf: (keyId: string) => string
  /** Absent where Analytics Engine is not bound. */
  readonly writePoint: ((point: DataPoint) => void) | undefined
  readonly writeLog: (line: string) => void
  /** Something could not be written. */
  readonly complain: (message: string) => void
  readonly logShare: number
}

/** Books requests, all of it behind their responses. Nothing here throws: the answer is out, whatever happens. */
export interface Recorder {
  begin(keyId: string, defer: Defer): void
  end(settled: Settled, about: About, defer: Defer): void
  /** What could not be written since the isolate began. */
  readonly failures: { readonly dropped: number; readonly points: number; readonly faults: number }
}

/** Endpoints whose answers say in tokens what they used. */
const TELL: ReadonlySet<string> = new Set<EndpointId>(['chat', 'responses', 'completions', 'embeddings'])

/** A response in the background says what it used when it is asked for again. */
const isToCome = (answer: object | undefined): boolean =>
  answer !== undefined &&
  'status' in answer &&
  (answer.status === 'queued' || answer.status === 'in_progress')

export function createRecorder(ports: RecorderPorts): Recorder {
  const { batcher, ledgerOf } = ports
  let points = 0
  let faults = 0
  let silent = 0
  /** The first time, and each time that it has doubled: a fault that lasts must not fill the log. */
  function said(what: string, count: number): void {
    if ((count & (count - 1)) === 0) ports.complain(`${count} ${what} could not be booked in this isolate.`)
  }
  /** An alarm: what such an answer cost is a count of ours, or the most that it can be. */
  function untold(record: UsageRecord, { facts, usage, cache, answer }: Settled): void {
    if (record.finish !== 'complete' || facts === undefined || cache?.ageSeconds !== undefined) return
    if ((usage ?? facts.usage) !== undefined || !TELL.has(record.endpoint) || isToCome(answer)) return
    silent++
    if ((silent & (silent - 1)) === 0)
      ports.complain(
        `${silent} answers did not say what they used, the last one of ${record.provider}/${record.model}.`,
      )
  }
  function point(record: UsageRecord): void {
    try {
      ports.writePoint?.(dataPoint(record))
    } catch {
      points++
      said('rows for Analytics Engine', points)
    }
  }
  return {
    begin: (keyId, defer) => batcher.begin(ledgerOf(keyId), defer),
    end(settled, about, defer) {
      try {
        const object = ledgerOf(about.keyId)
        const at = { isolate: ports.isolate, sequence: batcher.next(object), now: ports.chance.now() }
        const record = recordOf(settled, about, at, ports.priceOf)
        batcher.add(object, entryOf(record), defer)
        point(record)
        untold(record, settled)
        if (ports.chance.random() < ports.logShare) ports.writeLog(logLine(record))
      } catch {
        faults++
        said('requests', faults)
      }
    },
    get failures() {
      return { dropped: batcher.dropped, points, faults }
    },
  }
}
