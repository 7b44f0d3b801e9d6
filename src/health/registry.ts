import { complain } from '../report.ts'
import { DurableObject } from 'cloudflare:workers'
import type { HealthObject, RegistryPorts, Seen, Watch } from './ports.ts'
import type { Check, ObjectState, Saved } from './registry-state.ts'
import { restore, save } from './registry-state.ts'
import { type CheckOutcome, type ObjectEvent, step } from './registry-step.ts'
import { snapshotOf } from './snapshot.ts'
import { timeOf } from './steady.ts'
import { alarmToArm, nextTick } from './tick.ts'
import type { Reply, Report } from './wire.ts'

const SAVED = 'health'
/** A check that takes longer has failed. */
const CHECK_LIMIT_MS = 5_000
/** An invocation may have six connections open. */
const CHECKS_AT_ONCE = 4
/** Reports look after the alarm as well as the cron does, but not each of them. */
const WATCH_MS = 60_000

/**
 * The health object. Every decision is `registry-step.ts`: this shell keeps the state, reads the clock and carries
 * out effects. The Worker exports a subclass that hands the ports over.
 */
export abstract class HealthRegistryShell<Env> extends DurableObject<Env> implements HealthObject {
  #state: ObjectState
  readonly #renewed: RegistryPorts['renewed']
  #watch: Watch
  #watchedAt = 0

  constructor(ctx: DurableObjectState, env: Env, { watch, renewed }: RegistryPorts) {
    super(ctx, env)
    this.#watch = watch
    this.#renewed = renewed
    this.#state = restore(ctx.storage.kv.get<Saved>(SAVED), Date.now())
    // A new incarnation is written down at once, so that the next one counts on from it.
    ctx.storage.kv.put(SAVED, save(this.#state))
    this.#tell({ kind: 'configured', settings: watch.settings })
  }

  async report(report: Report): Promise<Reply> {
    const { reply } = this.#tell({ kind: 'report', report })
    if (Date.now() - this.#watchedAt >= WATCH_MS) await this.ensureTick()
    if (!reply) throw new Error('A report was not answered.')
    return reply
  }

  async snapshot(): Promise<Seen> {
    const nextCheckAt = (await this.ctx.storage.getAlarm()) ?? undefined
    return {
      snapshot: snapshotOf(this.#state, timeOf(this.#state.clock)),
      checkedAt: this.#state.checkedAt,
      nextCheckAt,
    }
  }

  /** Arms the alarm if it is missing or stuck; called by the cron and now and then by reports. */
  async ensureTick(): Promise<{
    readonly alarm: number
    readonly armed: boolean
    readonly checkedAt: number
  }> {
    const now = Date.now()
    this.#watchedAt = now
    const held = await this.ctx.storage.getAlarm()
    const at = alarmToArm(held, now)
    if (at !== undefined) await this.ctx.storage.setAlarm(at)
    this.ctx.waitUntil(this.#renew())
    return { alarm: at ?? held ?? now, armed: at !== undefined, checkedAt: this.#state.checkedAt }
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(nextTick(Date.now(), Math.random()))
    try {
      await this.#renew()
      const { checks } = this.#tell({ kind: 'tick' })
      for (let i = 0; i < checks.length; i += CHECKS_AT_ONCE)
        await Promise.all(checks.slice(i, i + CHECKS_AT_ONCE).map((check) => this.#check(check)))
    } catch (cause) {
      // A handler that throws is retried six times and then never again; the next tick is armed already.
      complain('A tick of the health object failed.', cause)
    }
  }

  /** Configuration that cannot be had now changes nothing: what was known is watched on. */
  async #renew(): Promise<void> {
    const watch = await this.#renewed().catch((cause: unknown) => {
      complain('The health object goes by its last configuration.', cause)
      return undefined
    })
    if (watch === undefined) return
    this.#watch = watch
    this.#tell({ kind: 'configured', settings: watch.settings })
  }

  async #check(check: Check): Promise<void> {
    let outcome: CheckOutcome = 'failed'
    try {
      outcome = await this.#watch.check(check, AbortSignal.timeout(CHECK_LIMIT_MS))
    } catch {
      // Nobody answered in time.
    }
    this.#tell({ kind: 'checked', check, outcome })
  }

  #tell(event: ObjectEvent): { readonly reply: Reply | undefined; readonly checks: readonly Check[] } {
    const { state, effects } = step(this.#state, event, Date.now(), Math.random)
    this.#state = state
    let reply: Reply | undefined
    let checks: readonly Check[] = []
    for (const effect of effects) {
      if (effect.kind === 'persist') this.ctx.storage.kv.put(SAVED, save(state))
      else if (effect.kind === 'reply') reply = effect.reply
      else checks = effect.checks
    }
    return { reply, checks }
  }
}
