import type { Permit } from '../../health/admit.ts'
import { gateOf, gateOfAllowance } from '../../health/gates.ts'
import { type Failure, FAILURES } from '../../providers/failure.ts'
import type { Allowance } from '../../providers/provider.ts'
import type { Ranked } from '../plan/planning.ts'
import type { Ports, Scope, Settled } from '../types.ts'

/** Tells the health view what became of an attempt: what counts against a target, what shuts a gate, how fast it was. */
export interface Witness {
  began(ranked: Ranked): void
  /** `ms` to its first event; undefined where that says nothing of the model. */
  succeeded(ranked: Ranked, ms: number | undefined, allowances: readonly Allowance[]): void
  failed(ranked: Ranked, failure: Failure): void
  retried(ranked: Pick<Ranked, 'watched'>): void
  /** Once the last byte has left: a stream may still break, with the `failure`, and only now is its speed known. */
  ended(
    ranked: Ranked,
    end: Pick<Settled, 'finish' | 'usage'> & { readonly failure?: Failure | undefined },
    streamedMs: number,
  ): void
}

export function witness(
  { health, timers, chance, registry, apis }: Ports,
  scope: Scope,
  promptTokens: number,
): Witness {
  const shared = scope.principal.credential === undefined
  const close = (shut: ReturnType<typeof gateOf>): void => {
    if (shut !== undefined && shared) health.record({ kind: 'shut', ...shut })
  }
  const closeFor = (failure: Failure, { watched }: Ranked): void => {
    const entry = registry.providers.get(watched.provider)
    const subject = { ...watched, dailyReset: entry && apis[entry.api].dailyReset }
    close(gateOf({ failure, subject, now: timers.now(), random: chance.random() }))
  }
  return {
    began: ({ permit }) => health.record({ kind: 'began', permit }),
    succeeded({ permit, watched }, ms, allowances) {
      health.record({ kind: 'settled', permit, failed: 0 })
      if (ms !== undefined) health.record({ kind: 'measured', target: watched.id, promptTokens, ttftMs: ms })
      close(gateOfAllowance(allowances, watched, timers.now()))
    },
    failed(ranked, failure) {
      const { permit } = ranked
      const { health: weight } = FAILURES[failure.kind]
      if (weight > 0) health.record({ kind: 'settled', permit, failed: weight })
      else if (failure.kind === 'content_policy') health.record({ kind: 'settled', permit, failed: 0 })
      else health.record({ kind: 'void', permit })
      closeFor(failure, ranked)
    },
    retried: ({ watched }) => health.record({ kind: 'retried', target: watched.id }),
    ended(ranked, { finish, usage, failure }, streamedMs) {
      const { permit, watched } = ranked
      if (failure !== undefined) {
        const { health: weight } = FAILURES[failure.kind]
        if (weight > 0) health.record({ kind: 'settled', permit: plain(permit), failed: weight })
        closeFor(failure, ranked)
      }
      if (finish !== 'complete' || usage === undefined || streamedMs <= 0 || usage.outputTokens === 0) return
      const tokensPerS = (usage.outputTokens * 1_000) / streamedMs
      health.record({ kind: 'measured', target: watched.id, promptTokens, tokensPerS })
    },
  }
}

/** A lease was given back at the first event; what comes later counts like any result. */
const plain = ({ target, epoch }: Permit): Permit => ({ target, epoch, kind: 'normal' })
