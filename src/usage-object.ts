import compiled from '../build/gateway.json' with { type: 'json' }
import { loadConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { UsageLedgerShell } from './usage/ledger-object.ts'
import { PERIODS, type Retention } from './usage/rollups.ts'

/** The composition root of a ledger object; their names come from `ledgerNames`. */
export class UsageLedger extends UsageLedgerShell<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, retentionOf(loadConfig(compiled, { ...env })))
  }
}

function retentionOf({ usage }: Config): Retention {
  return {
    minute: usage.minuteDays * PERIODS.day,
    hour: usage.hourDays * PERIODS.day,
    day: usage.dayDays * PERIODS.day,
  }
}
