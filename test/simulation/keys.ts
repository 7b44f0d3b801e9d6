import { type Books, forgivable } from '../../src/keys/limits/books.ts'
import { mintKey } from '../../src/keys/key.ts'
import { newKeySchema, newRecord } from '../../src/keys/object/key-input.ts'
import { type Admission, createKeyRing, type Defer, type KeyRing } from '../../src/keys/isolate/key-ring.ts'
import { createLedger, type Ledger } from '../../src/keys/limits/ledger.ts'
import type { Grant } from '../../src/keys/limits/quota.ts'
import { type KeyRecord, NANO_USD } from '../../src/keys/record.ts'
import { answerSync, type SyncAnswer, type SyncInput } from '../../src/keys/limits/sync.ts'
import { seeded } from '../support/seeded.ts'
import { Clockwork } from './clockwork.ts'
import { type Faults, NO_FAULTS, type Scenario, SCENARIOS } from './key-scenarios.ts'

export interface Outcome {
  readonly name: string
  readonly arrived: number
  readonly served: number
  /** Served or refused without waiting for the object. */
  readonly atOnce: number
  readonly objectCalls: number
  /** In dollars: what all served calls cost, what the object thinks they did, what it gave back unseen. */
  readonly realUsd: number
  readonly spentUsd: number
  readonly heldUsd: number
  readonly forgivenUsd: number
  readonly boundUsd: number
  /** The most in any 60 seconds, and at once. */
  readonly requestsInAMinute: number
  readonly tokensInAMinute: number
  readonly concurrent: number
  readonly faults: number
  readonly problems: readonly string[]
}

interface Call {
  readonly at: number
  readonly endsAt: number
  readonly cost: number
  readonly excess: number
  readonly tokens: number
}
interface Isolate {
  readonly ring: KeyRing
  readonly life: { alive: boolean }
}

const START = Date.UTC(2026, 10, 24, 9)
const TOKENS_PER_DOLLAR = 100_000
const CALL_MS = 60_000

class Simulation {
  readonly clock = new Clockwork(START)
  readonly calls: Call[] = []
  readonly counts = { arrived: 0, atOnce: 0, objectCalls: 0, faults: 0 }
  readonly problems: string[] = []
  readonly #scenario: Scenario
  readonly #faults: Faults
  readonly #random: () => number
  readonly #record: KeyRecord
  readonly #key: string
  readonly #isolates: Isolate[] = []
  readonly #objectSkew: number
  #books: Books | undefined
  readonly #grants = new Map<string, Grant>()
  #ledger: Ledger
  #objectUp = true
  #ids = 0

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.#faults = scenario.faults ?? NO_FAULTS
    this.#random = seeded(scenario.seed)
    const bytes = (count: number) =>
      Uint8Array.from({ length: count }, () => Math.floor(this.#random() * 248))
    const record = newRecord(newKeySchema.parse(scenario.key), START, bytes)
    this.#key = mintKey('live', record.id, bytes)
    this.#record = { ...record, secrets: [{ hash: `h${this.#key}`, hint: '', createdAt: 0 }] }
    this.#objectSkew = this.#skew()
    this.#ledger = this.#boot()
    for (let i = 0; i < scenario.isolates; i++) this.#isolates.push(this.#isolate())
  }

  /** Runs the traffic, then long enough for every hold to be settled or to expire. */
  async run(): Promise<void> {
    const until = START + this.#scenario.seconds * 1_000
    this.#every(this.#scenario.rate, until, () => void this.#arrive())
    this.#scheduleFaults(until)
    this.#alarm()
    await this.clock.run(until + 300_000)
  }

  get books(): Books {
    if (this.#books === undefined) throw new Error('nothing was booked')
    return this.#books
  }
  get budget(): number | undefined {
    return this.#record.budgets.total
  }

  #skew(): number {
    return Math.round((this.#random() * 2 - 1) * this.#faults.skewMs)
  }

  /** What is stored outlives the object; what is only in memory does not. */
  #boot(): Ledger {
    const store = {
      books: () => structuredClone(this.#books),
      grants: () => structuredClone([...this.#grants.values()]),
      putBooks: (books: Books) => {
        this.#books = books
      },
      putGrant: (grant: Grant) => void this.#grants.set(grant.id, grant),
      dropGrant: (id: string) => void this.#grants.delete(id),
    }
    return createLedger(store, this.clock.now + this.#objectSkew)
  }

  #isolate(): Isolate {
    const timers = this.clock.timers(this.#skew())
    const life = { alive: true }
    const ring = createKeyRing({
      timers,
      chance: { now: () => timers.now(), random: this.#random },
      hashKey: async (key) => `h${key}`,
      sync: (_, message) => this.#send(structuredClone(message), life),
    })
    return { ring, life }
  }

  /** A message and its answer, over a network that loses, repeats and delays. */
  async #send(message: SyncInput, sender: { readonly alive: boolean }): Promise<SyncAnswer> {
    const delay = () => 3 + this.#random() * 40
    await this.clock.sleep(delay())
    if (!this.#objectUp || this.#fails(this.#faults.loss)) {
      await this.clock.sleep(100 + this.#random() * 3_000)
      throw new Error('lost on the way there')
    }
    const answer = this.#deliver(message)
    if (this.#fails(this.#faults.duplicated))
      this.clock.after(this.#random() * 20_000, () => void this.#deliver(message))
    await this.clock.sleep(delay())
    if (!sender.alive) return new Promise(() => undefined)
    if (this.#fails(this.#faults.loss)) throw new Error('lost on the way back')
    return structuredClone(answer)
  }

  #deliver(message: SyncInput): SyncAnswer {
    this.counts.objectCalls++
    const now = this.clock.now + this.#objectSkew
    return answerSync(this.#record, this.#ledger, message, { now, equal: (a, b) => a === b })
  }

  #fails(chance: number): boolean {
    const failed = this.#random() < chance
    if (failed) this.counts.faults++
    return failed
  }

  async #arrive(): Promise<void> {
    this.counts.arrived++
    const isolate = this.#isolates[Math.floor(this.#random() * this.#isolates.length)]
    if (isolate === undefined) return
    const defer: Defer = (work) =>
      void work.catch((thrown: unknown) => this.problems.push(`deferred work threw: ${String(thrown)}`))
    const held = await isolate.ring.find(this.#key, defer)
    if (held.kind !== 'found' || !isolate.life.alive) return
    const worst = Math.ceil(this.#scenario.worstUsd * NANO_USD * (0.5 + this.#random() / 2))
    const tokens = Math.ceil((worst / NANO_USD) * TOKENS_PER_DOLLAR)
    const call = { id: `c${this.#ids++}`, requests: 1, tokens, nanoUsd: worst }
    const admission = isolate.ring.admit(held, call, { callMs: CALL_MS, defer })
    if (!(admission instanceof Promise)) this.counts.atOnce++
    const answer = await admission
    if (answer.ok && isolate.life.alive) this.#serve(answer, { worst, tokens }, isolate, defer)
  }

  #serve(
    { admitted }: Admission & { readonly ok: true },
    { worst, tokens }: { readonly worst: number; readonly tokens: number },
    { ring, life }: Isolate,
    defer: Defer,
  ): void {
    const { costShare, overshoot = 0 } = this.#scenario
    const share = Math.min(1, this.#exponential(costShare)) + (this.#random() < 0.2 ? overshoot : 0)
    const cost = Math.floor(worst * share)
    const used = Math.floor(tokens * Math.min(1, share))
    const ms = Math.min(CALL_MS - 1_000, 50 + this.#exponential(2_500))
    const { now } = this.clock
    this.calls.push({ at: now, endsAt: now + ms, cost, excess: Math.max(0, cost - worst), tokens: used })
    this.clock.after(ms, () => {
      if (!life.alive) return // it died with its calls, which cost what they cost
      ring.settle(admitted, { tokens: used, nanoUsd: cost }, defer)
      if (this.#random() < 0.05) ring.settle(admitted, { tokens: 1e9, nanoUsd: 1e15 }, defer)
    })
  }

  #exponential(mean: number): number {
    return -Math.log(1 - this.#random()) * mean
  }

  /** Poisson arrivals, `perSecond` on average, until the traffic ends. */
  #every(perSecond: number, until: number, work: () => void): void {
    if (perSecond <= 0) return
    const ms = this.#exponential(1_000 / perSecond)
    if (this.clock.now + ms > until) return
    this.clock.after(ms, () => {
      work()
      this.#every(perSecond, until, work)
    })
  }

  #scheduleFaults(until: number): void {
    const { isolateDeaths, objectRestarts, objectOutages } = this.#faults
    const perMinute = (rate: number, fault: () => void) =>
      this.#every(rate / 60, until, () => {
        this.counts.faults++
        fault()
      })
    perMinute(isolateDeaths, () => {
      const index = Math.floor(this.#random() * this.#isolates.length)
      const dead = this.#isolates[index]
      if (dead !== undefined) dead.life.alive = false
      this.#isolates[index] = this.#isolate()
    })
    perMinute(objectRestarts, () => {
      this.#ledger = this.#boot()
    })
    perMinute(objectOutages, () => {
      this.#objectUp = false
      this.clock.after(this.#random() * 15_000, () => {
        this.#objectUp = true
      })
    })
  }

  #alarm(): void {
    this.clock.after(5_000, () => {
      this.#ledger.expire(this.#record, this.clock.now + this.#objectSkew)
      this.#alarm()
    })
  }
}

export async function simulate(scenario: Scenario): Promise<Outcome> {
  const simulation = new Simulation(scenario)
  await simulation.run()
  const { calls, counts, problems, budget } = simulation
  const { spent, held, forgiven } = simulation.books.money.total
  const sum = (amount: (call: Call) => number) => calls.reduce((total, call) => total + amount(call), 0)
  const usd = (nano: number) => nano / NANO_USD
  return {
    name: scenario.name,
    ...counts,
    served: calls.length,
    realUsd: usd(sum(({ cost }) => cost)),
    spentUsd: usd(spent),
    heldUsd: usd(held),
    forgivenUsd: usd(forgiven),
    boundUsd:
      budget === undefined ? Infinity : usd(budget + forgivable(budget) + sum(({ excess }) => excess)),
    requestsInAMinute: mostInAMinute(calls, () => 1),
    tokensInAMinute: mostInAMinute(calls, ({ tokens }) => tokens),
    concurrent: mostAtOnce(calls),
    problems,
  }
}

function mostInAMinute(calls: readonly Call[], amount: (call: Call) => number): number {
  let [first, sum, most] = [0, 0, 0]
  for (const call of calls) {
    sum += amount(call)
    for (let old = calls[first]; old !== undefined && old.at <= call.at - 60_000; old = calls[++first])
      sum -= amount(old)
    most = Math.max(most, sum)
  }
  return most
}

function mostAtOnce(calls: readonly Call[]): number {
  const edges = calls.flatMap(({ at, endsAt }) => [
    { at, step: 1 },
    { at: endsAt, step: -1 },
  ])
  edges.sort((a, b) => a.at - b.at || a.step - b.step)
  let [running, most] = [0, 0]
  for (const { step } of edges) most = Math.max(most, (running += step))
  return most
}

if (process.argv.some((argument) => argument.endsWith('simulation/keys.ts'))) {
  for (const scenario of SCENARIOS) {
    const startedAt = performance.now()
    console.log(await simulate(scenario), `${Math.round(performance.now() - startedAt)} ms`)
  }
}
