import type { Check, Settings } from './registry-state.ts'
import type { CheckOutcome } from './registry-step.ts'
import type { Reply, Report, Snapshot } from './wire.ts'

/** What a configuration has watched, and how. */
export interface Watch {
  readonly settings: Settings
  /** Asks the provider for its models, or whether it answers at all; throws when nobody answers. */
  readonly check: (check: Check, signal: AbortSignal) => Promise<CheckOutcome>
}

/** What the object cannot know by itself. */
export interface RegistryPorts {
  /** As the deployment's file and environment say. */
  readonly watch: Watch
  /** As the configuration in force says; undefined: nothing has changed. */
  readonly renewed: () => Promise<Watch | undefined>
}

/** What the object knows, and when it looks at its providers again. */
export interface Seen {
  readonly snapshot: Snapshot
  readonly checkedAt: number
  /** Undefined: nothing has armed the alarm yet. */
  readonly nextCheckAt: number | undefined
}

/** What the rest of the Worker calls. */
export interface HealthObject {
  report(report: Report): Promise<Reply>
  snapshot(): Promise<Seen>
  ensureTick(): Promise<{ readonly alarm: number; readonly armed: boolean; readonly checkedAt: number }>
}
