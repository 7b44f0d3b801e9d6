import { configSchema } from '../../src/config/schema.ts'
import type { Admission, Permit } from '../../src/health/admit.ts'
import { admit, mayRetry } from '../../src/health/admit.ts'
import { FIRST_COPY_WAIT_MS } from '../../src/health/constants.ts'
import { gateFor, gateOf } from '../../src/health/gates.ts'
import { type IsolateEvent, step } from '../../src/health/isolate.ts'
import { gatesOf } from '../../src/health/isolate-absorb.ts'
import { isRefreshDue, shouldWait } from '../../src/health/isolate-send.ts'
import { type IsolateState, localOf, newIsolate, viewOfTarget } from '../../src/health/isolate-state.ts'
import { leaseCap } from '../../src/health/machine.ts'
import { step as objectStep, type ObjectEvent } from '../../src/health/registry-step.ts'
import {
  newObject,
  type ObjectState,
  restore,
  save,
  type Saved,
  type Settings,
} from '../../src/health/registry-state.ts'
import { timeAt } from '../../src/health/steady.ts'
import { nextTick } from '../../src/health/tick.ts'
import type { Reply, Report } from '../../src/health/wire.ts'
import { FAILURES, type FailureKind } from '../../src/providers/failure.ts'
import type { Target } from '../../src/providers/provider.ts'
import type { Candidate, Scored, Turns } from '../../src/router/candidate.ts'
import { firstEventLimitMs } from '../../src/router/first-event-limit.ts'
import { plan, type Plan } from '../../src/router/plan.ts'
import { RETRY_POLICY } from '../../src/router/retry.ts'
import { strategies } from '../../src/router/strategies/index.ts'
import {
  newWalk,
  type Place,
  type Sight,
  step as walkStep,
  type Walk,
  type WalkEvent,
  type WalkNext,
} from '../../src/router/walk.ts'
import { type Anchor, type AnchorName, ANCHORS } from './anchors.ts'
import { Agenda, type Planned } from './heap.ts'
import { Metrics } from './metrics.ts'
import { type Mutant, tamperAdmission, tamperObject, tamperReport } from './mutants.ts'
import { between, exponential, logNormal, picker, type Random } from './random.ts'
import { seeded } from '../support/seeded.ts'
import { type Answer, END_S, type Script, TTFT_MS, TTFT_SIGMA } from './script.ts'
import { setScale } from './scripts.ts'

export interface Options {
  readonly script: Script
  readonly seed: number
  readonly isolates: number
  readonly perS: number
  /** `joined`: every request that triggers a refresh waits for it, at most 100 ms where it has a recent copy. */
  readonly mode: 'async' | 'joined'
  readonly policy: 'ours' | AnchorName
  readonly mutant?: Mutant | undefined
  /** Stop at this event. */
  readonly until?: number | undefined
}

export class InvariantBroken extends Error {}

interface Isolate {
  readonly index: number
  readonly place: number
  readonly skewMs: number
  readonly diesAt: number
  state: IsolateState
  readonly anchors: Map<string, Anchor>
  dead: boolean
  waiting: (() => void)[]
}
interface Request {
  readonly isolate: Isolate
  readonly route: readonly string[]
  readonly startedAt: number
  readonly deadlineAt: number
  attempts: number
  onThisTarget: number
  committed: boolean
  walk: Walk<Place>
  readonly tried: Set<string>
}

type Told = WalkEvent extends infer E ? (E extends WalkEvent ? Omit<E, 'sight'> : never) : never

/** Fleet time is in simulated ms from EPOCH_MS on. */
const EPOCH_MS = 1_790_000_000_000
const MEAN_LIFE_MS = 600_000
const LOSS = 0.002
const TWICE = 0.002
const RPC_TIMEOUT_MS = 1_000
const BACKGROUND = 0.002
/** A copy of a few seconds would do: beyond this its news are not worth waiting for. */
const JOINED_WAIT_MS = 100
const ANCHOR_LIMIT_MS = 4_000
const TWIN_MS = 5_000
/** Those that ship. */
const LIMITS = configSchema.parse({}).timeouts
const PRIORITY_OF: Readonly<Record<string, number>> = { 'a/m': 0, 'a/n': 0, 'b/m': 1 }

export class World {
  readonly metrics: Metrics
  readonly options: Options
  readonly random: Random
  readonly agenda = new Agenda()
  readonly isolates: Isolate[] = []
  now = 0
  events = 0
  /** The last events, by their number. */
  private readonly last: Planned[] = []
  object: ObjectState
  private saved: Saved | undefined
  private twin: { state: ObjectState; until: number } | undefined
  private readonly pickIsolate: (random: Random) => number
  private readonly routes: readonly (readonly string[])[]
  private readonly loads = new Map<string, { second: number; count: number; before: number }>()
  private readonly epochs = new Map<string, number>()
  private readonly endMs: number
  private born = 0

  constructor(options: Options) {
    this.options = options
    this.random = seeded(options.seed * 7_919 + 13)
    this.endMs = (options.script.endS ?? END_S) * 1_000
    this.metrics = new Metrics(this.endMs / 1_000)
    this.routes = options.script.routes ?? [['a/m', 'b/m']]
    setScale(options.perS / (options.script.routes ? 2 : 1))
    this.object = newObject(EPOCH_MS)
    // Zipf with 0.6: few busy isolates, many quiet ones.
    this.pickIsolate = picker(Array.from({ length: options.isolates }, (_, i) => (i + 1) ** -0.6))
    for (let i = 0; i < options.isolates; i++) this.isolates.push(this.newborn(i))
  }

  private at(inMs: number, name: string, run: () => void): void {
    this.agenda.add(this.now + inMs, name, run)
  }

  run(): Metrics {
    const { script } = this.options
    this.toObject({
      kind: 'configured',
      settings: {
        checks: ['a', 'b'].map((provider) => ({ provider, credential: 'k', targets: [`${provider}/m`] })),
        peers: peersIn(this.routes),
        spill: { targets: scaled(script.spillFloorPerS ?? {}, this.options.perS) },
      },
    })
    if (this.options.policy === 'ours') this.at(1_000, 'tick', () => this.tick())
    for (const s of script.restarts ?? []) this.at(s * 1_000, 'restart', () => this.restart())
    this.at(script.coldStart ? FIRST_COLD_MS : 0, 'arrive', () => this.arrive())
    this.drain()
    if (this.options.until === undefined) {
      this.checkLiveness()
      this.checkRetries()
    }
    return this.metrics
  }

  private drain(): void {
    for (;;) {
      const event = this.agenda.next()
      // Requests stop at the end; what is under way finishes within a minute.
      if (!event || event.at > this.endMs + 60_000) break
      this.now = event.at
      this.events++
      this.last[this.events % RECENT] = event
      event.run()
      if (this.options.until !== undefined && this.events >= this.options.until) break
    }
  }

  /** The last events, oldest first. */
  get recent(): readonly string[] {
    const first = Math.max(1, this.events - RECENT + 1)
    return Array.from({ length: this.events - first + 1 }, (_, i) => {
      const event = this.last[(first + i) % RECENT]!
      return `${first + i} ${(event.at / 1_000).toFixed(3)}s ${event.name}`
    })
  }

  broken(what: string): never {
    const { script, seed } = this.options
    throw new InvariantBroken(
      `${what}\n  seed ${seed}, script ${script.name}, event ${this.events}, t ${(this.now / 1_000).toFixed(3)} s` +
        `\n  node scripts/simulate.ts --seed ${seed} --script ${script.name} --isolates ${this.options.isolates}` +
        ` --rate ${this.options.perS} --mode ${this.options.mode} --until ${this.events}`,
    )
  }
  ensure(holds: boolean, what: () => string): void {
    if (!holds) this.broken(what())
  }

  // --- isolates -------------------------------------------------------------------------------------------

  private newborn(index: number): Isolate {
    const skewMs = between(this.random, -2_000, 2_000)
    return {
      index,
      place: ((index * 7_919) % this.options.isolates) / this.options.isolates,
      skewMs,
      diesAt: this.now + exponential(this.random, MEAN_LIFE_MS),
      state: newIsolate(`i${this.born++}`, EPOCH_MS + this.now + skewMs),
      anchors: new Map(),
      dead: false,
      waiting: [],
    }
  }

  private clockOf(isolate: Isolate): number {
    const wrong = this.options.script.clock?.(this.now / 1_000, isolate.place) ?? 0
    return EPOCH_MS + this.now + isolate.skewMs + wrong
  }

  /** Feeds the isolate's reducer and sends what it wants sent. */
  private tell(isolate: Isolate, event: IsolateEvent): void {
    const { state, report } = step(isolate.state, event, this.clockOf(isolate), this.random)
    isolate.state = state
    if (report) this.send(isolate, report)
  }

  private send(isolate: Isolate, report: Report): void {
    const wire = this.options.mutant ? tamperReport(this.options.mutant, report, this.object) : report
    const down = this.options.script.objectDown?.(this.now / 1_000) ?? false
    if (down || this.random() < LOSS) {
      this.at(down ? between(this.random, 50, RPC_TIMEOUT_MS) : RPC_TIMEOUT_MS, 'lost', () => {
        if (!isolate.dead) this.tell(isolate, { kind: 'lost', report })
        this.release(isolate)
      })
      return
    }
    this.at(between(this.random, 10, 60), 'report', () => {
      const reply = this.receive(wire)
      if (!reply) return
      this.at(between(this.random, 10, 60), 'reply', () => {
        if (!isolate.dead) this.tell(isolate, { kind: 'reply', reply, report })
        this.release(isolate)
      })
    })
    if (this.random() < TWICE)
      this.at(between(this.random, 10, 600), 'report again', () => void this.receive(wire))
  }

  private release(isolate: Isolate): void {
    const { waiting } = isolate
    isolate.waiting = []
    for (const go of waiting) go()
  }

  // --- the object -----------------------------------------------------------------------------------------

  private objectClock(): number {
    return EPOCH_MS + this.now + (this.options.script.objectClock?.(this.now / 1_000) ?? 0)
  }

  private receive(report: Report): Reply | undefined {
    this.metrics.add(this.metrics.calls, this.now / 1_000)
    if (this.twin && this.now < this.twin.until && this.random() < 0.3) {
      const { state, effects } = objectStep(
        this.twin.state,
        { kind: 'report', report },
        this.objectClock(),
        this.random,
      )
      this.twin.state = state
      return effects.find((e) => e.kind === 'reply')?.reply
    }
    return this.toObject({ kind: 'report', report })
  }

  private toObject(event: ObjectEvent): Reply | undefined {
    const before = this.object
    const { state, effects } = objectStep(before, event, this.objectClock(), this.random)
    this.object = this.options.mutant ? tamperObject(this.options.mutant, state) : state
    this.checkObject(before)
    let reply: Reply | undefined
    for (const effect of effects) {
      if (effect.kind === 'reply') reply = effect.reply
      if (effect.kind === 'persist') this.saved = save(this.object)
      if (effect.kind === 'check')
        for (const check of effect.checks) {
          const outcome = this.options.script.check?.(check.provider, this.now / 1_000) ?? 'ok'
          this.at(outcome === 'failed' ? 5_000 : 200, 'checked', () => {
            this.toObject({ kind: 'checked', check, outcome })
          })
        }
    }
    return reply
  }

  private tick(): void {
    // The alarm stops with the run; otherwise it would never be over.
    if (this.now >= this.endMs + 30_000) return
    this.toObject({ kind: 'tick' })
    this.at(nextTick(0, this.random()), 'tick', () => this.tick())
  }

  private restart(): void {
    this.twin = { state: this.object, until: this.now + TWIN_MS }
    const { settings } = this.object
    this.object = { ...restore(this.saved, this.objectClock()), settings }
  }

  private checkObject(before: ObjectState): void {
    for (const [id, target] of Object.entries(this.object.targets)) {
      const { machine } = target
      if (machine.phase === 'half-open') {
        const cap = leaseCap(machine.successes)
        this.ensure(
          machine.leases.length <= cap,
          () => `${id}: ${machine.leases.length} leases, at most ${cap}`,
        )
      }
      const known = this.epochs.get(id) ?? 0
      this.ensure(target.epoch >= known, () => `${id}: epoch went from ${known} to ${target.epoch}`)
      if (target.epoch > known) {
        this.epochs.set(id, target.epoch)
        if (machine.phase === 'open' && before.targets[id]?.machine.phase === 'closed')
          this.metrics.opens.push({ at: this.now / 1_000, target: id, reason: target.reason })
      }
    }
  }

  // --- requests -------------------------------------------------------------------------------------------

  private arrive(): void {
    if (this.now >= this.endMs) return
    this.at(exponential(this.random, 1_000 / this.options.perS), 'arrive', () => this.arrive())
    const index = this.pickIsolate(this.random)
    let isolate = this.isolates[index]!
    if (this.now > isolate.diesAt) {
      isolate.dead = true
      isolate = this.isolates[index] = this.newborn(index)
    }
    const route = this.routes[Math.floor(this.random() * this.routes.length)]!
    const request: Request = {
      isolate,
      route,
      startedAt: this.now,
      deadlineAt: this.now + LIMITS.streamMs,
      attempts: 0,
      onThisTarget: 0,
      committed: false,
      walk: newWalk<Place>([], 0, RETRY_POLICY),
      tried: new Set(),
    }
    this.metrics.add(this.metrics.requests, this.now / 1_000)
    this.metrics.add(this.metrics.requests4, this.now / 250)
    if (this.options.policy !== 'ours') this.anchored(request)
    else this.enter(request)
  }

  /** The view's way in: wait only where there is nothing to decide by, or where the mode joins the refresh. */
  private enter(request: Request): void {
    const { isolate } = request
    const clock = this.clockOf(isolate)
    const joins =
      this.options.mode === 'joined' && isRefreshDue(isolate.state, timeAt(isolate.state.clock, clock))
    const waits = shouldWait(isolate.state, clock)
    if (!joins && !waits) {
      this.metrics.waits.push(0)
      this.route(request)
      return
    }
    let gone = false
    const go = (): void => {
      if (gone || isolate.dead) return
      gone = true
      this.metrics.waits.push(this.now - request.startedAt)
      this.route(request)
    }
    isolate.waiting.push(go)
    this.at(waits ? FIRST_COPY_WAIT_MS : JOINED_WAIT_MS, 'waited', go)
    this.tell(isolate, { kind: 'planned', suppressed: [], wanted: [], refused: [] })
  }

  private admission(isolate: Isolate, target: string): Admission {
    const admission = admit(isolate.state, target, this.clockOf(isolate), this.random)
    return this.options.mutant
      ? tamperAdmission(this.options.mutant, admission, isolate.state, target)
      : admission
  }

  private plan(request: Request): Plan {
    const { isolate } = request
    const now = timeAt(isolate.state.clock, this.clockOf(isolate))
    const sight = this.sightOf(isolate)
    const { priceNano } = this.options.script
    const byCost = priceNano !== undefined
    const candidates = request.route.map((id): Candidate => {
      const view = viewOfTarget(isolate.state, id, now)
      return {
        id,
        target: targetOf(id),
        priority: byCost ? 0 : PRIORITY_OF[id]!,
        weight: 1,
        serves: true,
        features: undefined,
        contextTokens: undefined,
        costNano: priceNano?.(id, this.now / 1_000, isolate.place),
        admission: sight.admit(id),
        gate: sight.gate(targetOf(id)),
        health: view?.health ?? 1,
        errorRate: view?.errorRate ?? 0,
        latency: view?.latency,
      }
    })
    const context = {
      random: this.random,
      promptTokens: 500,
      outputTokens: 300,
      turns: NO_TURNS,
      secondNano: 200_000,
    }
    return plan({ candidates, needs: NO_NEEDS }, strategies[byCost ? 'cost' : 'priority'], context)
  }

  /** What this isolate's health says now: the walk's eyes, as the Worker's. */
  private sightOf(isolate: Isolate): Sight {
    const clock = this.clockOf(isolate)
    return {
      admit: (target) => this.admission(isolate, target),
      gate: (subject) =>
        gateFor(
          gatesOf(isolate.state, clock),
          { ...subject, dailyReset: 'pacific' },
          timeAt(isolate.state.clock, clock),
        ),
      mayRetry: (target) => mayRetry(isolate.state, target, clock, this.random),
      streak: (target) => localOf(isolate.state, target).breaker.streak,
    }
  }

  private route(request: Request): void {
    const planned = this.plan(request)
    const { suppressed, wanted, refused } = planned
    this.tell(request.isolate, { kind: 'planned', suppressed, wanted, refused })
    if (planned.order.length === 0) {
      this.end(request, false, true)
      return
    }
    const placeOf = ({ target, latency }: Scored, permit?: Permit): Place => ({
      target,
      watched: target,
      permit,
      ttft: latency?.ttft[0],
    })
    const places = [
      ...planned.order.map((each) => placeOf(each, each.permit)),
      ...planned.reserve.map((each) => placeOf(each)),
    ]
    request.walk = newWalk(places, EPOCH_MS + request.deadlineAt, RETRY_POLICY)
    this.walkOn(request, { kind: 'begin' })
  }

  /** The same step as the Worker's, which prepares a request and sends it where this world makes up an answer. */
  private walkOn(request: Request, event: Told): void {
    const { isolate } = request
    const sight = this.sightOf(isolate)
    const { walk, next } = walkStep(request.walk, { ...event, sight }, EPOCH_MS + this.now, this.random)
    request.walk = walk
    switch (next.act) {
      case 'stop':
        this.end(request, false, request.attempts === 0)
        return
      case 'prepare':
        if (next.again) this.retried(request, next.place.watched.id)
        if (next.afterMs === 0) this.walkOn(request, { kind: 'ready' })
        else
          this.at(next.afterMs, 'retry', () => {
            if (!isolate.dead) this.walkOn(request, { kind: 'ready' })
          })
        return
      case 'try':
        this.attempt(request, next)
    }
  }

  private retried({ isolate }: Request, target: string): void {
    this.tell(isolate, { kind: 'retried', target })
    if (target === 'a/m') this.metrics.add(this.metrics.retriesOfA, this.now / 1_000)
  }

  private attempt(
    request: Request,
    { place, permit, others }: Extract<WalkNext<Place>, { act: 'try' }>,
  ): void {
    const { isolate } = request
    this.checkAttempt(request, permit)
    this.tell(isolate, { kind: 'began', permit })
    if (request.tried.has(permit.target)) request.onThisTarget++
    else request.onThisTarget = 1
    request.tried.add(permit.target)
    const limit = firstEventLimitMs(LIMITS.firstEventMs, place.ttft, request.deadlineAt - this.now, others)
    const answer = this.ask(request, permit.target, limit, permit.kind === 'lease')
    this.at(answer.afterMs, answer.failure ?? 'first event', () => {
      if (isolate.dead) return
      if (answer.failure) this.failed(request, permit, answer, answer.failure)
      else this.succeeded(request, permit, answer)
    })
  }

  private succeeded(request: Request, permit: Permit, answer: Answer): void {
    const { isolate } = request
    request.committed = true
    this.tell(isolate, { kind: 'settled', permit, failed: 0 })
    this.tell(isolate, {
      kind: 'measured',
      target: permit.target,
      promptTokens: 500,
      ttftMs: answer.afterMs,
      tokensPerS: 60,
    })
    if (answer.breaksAfterMs === undefined) {
      this.end(request, true, false)
      return
    }
    const broke: Permit = { target: permit.target, epoch: permit.epoch, kind: 'normal' }
    this.at(answer.breaksAfterMs, 'broke', () => {
      if (isolate.dead) return
      this.metrics.add(this.metrics.failuresOfA, this.now / 1_000)
      this.tell(isolate, { kind: 'settled', permit: broke, failed: FAILURES.cut_short.health })
      this.end(request, false, false)
    })
  }

  private failed(request: Request, permit: Permit, answer: Answer, kind: FailureKind): void {
    const { isolate } = request
    const failure = { kind, message: kind, retryAfterMs: answer.retryAfterMs }
    const weight = FAILURES[kind].health
    this.tell(isolate, weight > 0 ? { kind: 'settled', permit, failed: weight } : { kind: 'void', permit })
    const now = timeAt(isolate.state.clock, this.clockOf(isolate))
    const subject = { ...targetOf(permit.target), dailyReset: 'pacific' as const }
    const gate = gateOf({ failure, subject, now, random: this.random() })
    if (gate) this.tell(isolate, { kind: 'shut', ...gate })
    this.walkOn(request, { kind: 'failed', failure, tookMs: answer.afterMs })
  }

  private checkAttempt(request: Request, permit: Permit): void {
    const { isolate } = request
    request.attempts++
    this.ensure(
      request.attempts <= RETRY_POLICY.maxAttempts,
      () => `attempt ${request.attempts} of one request`,
    )
    this.ensure(!request.committed, () => 'an attempt after the content was committed')
    this.ensure(this.now <= request.deadlineAt, () => 'an attempt after the deadline')
    const view = viewOfTarget(
      isolate.state,
      permit.target,
      timeAt(isolate.state.clock, this.clockOf(isolate)),
    )
    const allowed = !view || view.phase === 'closed' || permit.kind === 'lease' || permit.kind === 'panic'
    this.ensure(allowed, () => `${permit.target} is ${view?.phase ?? ''} and was tried without a lease`)
  }

  private ask(request: Request, target: string, limitMs: number, trial: boolean): Answer {
    const t = this.now / 1_000
    const { metrics } = this
    const load = this.loadOf(target)
    metrics.add(metrics.attempts, t)
    if (target === 'a/m') {
      metrics.add(metrics.attemptsOfA, t)
      if (request.tried.size <= 1 && request.onThisTarget <= 1 && !trial) {
        metrics.add(metrics.firstOfA, t)
        metrics.add(metrics.firstOfA4, 4 * t)
      }
    }
    const usual = logNormal(this.random, TTFT_MS, TTFT_SIGMA)
    const asked = {
      t,
      random: this.random,
      isolate: request.isolate.index,
      place: request.isolate.place,
      perS: load.count,
      perSBefore: load.before,
    }
    let answer = this.options.script.upstream?.(target, asked, usual)
    if (!answer) {
      const ill = this.random() < (this.options.script.background ?? BACKGROUND)
      answer = ill ? { failure: 'bad_gateway', afterMs: between(this.random, 20, 100) } : { afterMs: usual }
    }
    if (answer.afterMs > limitMs) answer = { failure: 'first_event_timeout', afterMs: limitMs }
    if (target === 'a/m')
      metrics.add(answer.failure ? metrics.failuresOfA : metrics.successesOfA, t + answer.afterMs / 1_000)
    return answer
  }

  private loadOf(target: string): { count: number; before: number } {
    const second = Math.floor(this.now / 1_000)
    let load = this.loads.get(target)
    if (!load || load.second !== second) {
      load = { second, count: 0, before: load && load.second === second - 1 ? load.count : 0 }
      this.loads.set(target, load)
    }
    load.count++
    return load
  }

  private end(request: Request, ok: boolean, refused: boolean): void {
    const { metrics } = this
    metrics.userMs.push(this.now - request.startedAt)
    if (!ok) metrics.add(refused ? metrics.refused : metrics.errors, this.now / 1_000)
    this.ensure(this.now <= request.deadlineAt + 1, () => 'a request outlived its deadline')
  }

  // --- anchors --------------------------------------------------------------------------------------------

  private anchored(request: Request): void {
    const isolate = request.isolate
    const target = request.route.find(
      (id) => !request.tried.has(id) && this.anchorOf(isolate, id).allows(this.now),
    )
    if (target === undefined) {
      this.end(request, false, request.attempts === 0)
      return
    }
    this.anchoredAttempt(request, target)
  }

  private anchorOf(isolate: Isolate, target: string): Anchor {
    const held = isolate.anchors.get(target)
    if (held) return held
    const made = ANCHORS[this.options.policy === 'ours' ? 'none' : this.options.policy]()
    isolate.anchors.set(target, made)
    return made
  }

  private anchoredAttempt(request: Request, target: string): void {
    const { isolate } = request
    const anchor = this.anchorOf(isolate, target)
    anchor.begin(this.now)
    request.attempts++
    request.onThisTarget = request.tried.has(target) ? request.onThisTarget + 1 : 1
    request.tried.add(target)
    const answer = this.ask(request, target, ANCHOR_LIMIT_MS, false)
    this.at(answer.afterMs, answer.failure ?? 'first event', () => {
      if (isolate.dead) return
      const { failure } = answer
      const weight = failure ? FAILURES[failure].health : 0
      anchor.result(weight === 0, this.now)
      if (!failure) {
        if (answer.breaksAfterMs === undefined) this.end(request, true, false)
        else this.at(answer.breaksAfterMs, 'broke', () => this.end(request, false, false))
        return
      }
      const mayRetry = FAILURES[failure].act === 'retry' && request.onThisTarget < 2 && answer.afterMs < 1_000
      if (mayRetry && anchor.allows(this.now))
        this.at(200 * this.random(), 'retry', () => this.anchoredAttempt(request, target))
      else this.anchored(request)
    })
  }

  // --- afterwards -----------------------------------------------------------------------------------------

  /** A tenth of what succeeds, and the one token that an isolate may have saved up. */
  private checkRetries(): void {
    const { metrics, options } = this
    if (options.policy !== 'ours') return
    for (let s = 0; s + 10 <= metrics.seconds; s++) {
      const retries = metrics.sum(metrics.retriesOfA, s, s + 10)
      const bound = 0.1 * metrics.sum(metrics.successesOfA, s, s + 10) + options.isolates
      this.ensure(retries <= bound, () => `${retries} retries from ${s} s to ${s + 10} s, at most ${bound}`)
    }
  }

  /** When every fault has been over for a minute, every target is closed at its full share. */
  private checkLiveness(): void {
    const { script, policy } = this.options
    if (policy !== 'ours') return
    for (const [id, target] of Object.entries(this.object.targets)) {
      if (script.lasting?.includes(id)) continue
      const well = target.machine.phase === 'closed' && target.machine.share === 1
      this.ensure(
        well,
        () => `${id} has not come back: ${JSON.stringify({ ...target.machine, reason: target.reason })}`,
      )
    }
  }
}

const RECENT = 60
const FIRST_COLD_MS = 50_000
const NO_TURNS: Turns = { get: () => undefined, set: () => undefined }
const NO_NEEDS: ReadonlySet<never> = new Set<never>()
const targetOf = (id: string): Target => ({
  id,
  provider: id[0]!,
  credential: 'k',
  model: id.slice(2),
})
/** As the configuration of these routes would have it. */
const peersIn = (routes: readonly (readonly string[])[]): Settings['peers'] =>
  Object.fromEntries(
    routes
      .flat()
      .map((id) => [
        id,
        routes
          .filter((route) => route.includes(id))
          .flatMap((route) => route.filter((other) => other !== id)),
      ]),
  )
const scaled = (floors: Readonly<Record<string, number>>, perS: number): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(floors).map(([id, floor]) => [id, (floor * perS) / 1_000]))
