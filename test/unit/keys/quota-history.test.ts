import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Books, capsOf, forgivable, openBooks, PERIODS } from '../../../src/keys/limits/books.ts'
import {
  isValid,
  type Lease,
  openLease,
  reportOf,
  settle,
  shrink,
  take,
} from '../../../src/keys/limits/lease.ts'
import { type Grant, grant, type Report } from '../../../src/keys/limits/quota.ts'
import { expire, report } from '../../../src/keys/limits/settlement.ts'

/**
 * Histories of one key and three isolates, with messages that are lost, repeated and overtaken, isolates that die,
 * objects that restart and clocks that jump; after each step the invariants that the bounds follow from.
 */
const START = Date.UTC(2026, 10, 30, 23, 58)
const isolate = fc.nat(2)
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      isolate,
      cost: fc.nat(400),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      isolate,
      which: fc.nat(9),
      twice: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('report' as const), isolate, lost: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('shrink' as const),
      isolate,
      calls: fc.nat(3),
      lost: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deliver' as const), which: fc.nat(30) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(10, 900, 2_500, 61_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('expire' as const), late: fc.constantFrom(0, 700_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), isolate }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('jump' as const),
      ms: fc.constantFrom(-3_600_000, -5_000, 5_000, 3_600_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const CAPS = capsOf(
  { requestsPerMinute: 40, tokensPerMinute: 30_000, concurrent: 12 },
  { day: 9_000, month: 12_000, total: 20_000 },
)

interface Call {
  readonly id: string
  readonly worst: number
  readonly cost: number
  readonly keys: Grant['keys']
  readonly at: number
  over: boolean
  dead: boolean
}

class World {
  now = START
  skew = 0
  books: Books = openBooks(START)
  grants = new Map<string, Grant>()
  isolates: { lease: Lease | undefined; closed: Lease[] }[] = [0, 1, 2].map(() => ({
    lease: undefined,
    closed: [],
  }))
  calls: Call[] = []
  mail: Report[] = []
  keys = new Map<string, Grant['keys']>()
  #ids = 0

  isolate(index: number): { lease: Lease | undefined; closed: Lease[] } {
    const found = this.isolates.at(index)
    if (found === undefined) throw new Error('no such isolate')
    return found
  }
  get clock(): number {
    return this.now + this.skew
  }
  id(): string {
    return `${this.#ids++}`
  }
  keep(id: string, result: { books: Books; grant: Grant | undefined }): void {
    this.books = result.books
    if (result.grant === undefined) this.grants.delete(id)
    else this.grants.set(id, result.grant)
  }
  run(step: Step): void {
    switch (step.do) {
      case 'call':
        return this.call(step.isolate, step.cost, step.share)
      case 'settle':
        return this.settle(step.isolate, step.which, step.twice)
      case 'report':
        return this.report(step.isolate, step.lost)
      case 'shrink':
        return this.shrink(step.isolate, step.calls, step.lost)
      case 'deliver':
        return this.deliver(this.mail[step.which % Math.max(1, this.mail.length)])
      case 'wait':
        this.now += step.ms
        return
      case 'expire':
        return this.expire(step.late)
      case 'die':
        return this.die(step.isolate)
      case 'jump':
        this.skew += step.ms
        return
      case 'restart':
        this.books = structuredClone(this.books)
        this.grants = structuredClone(this.grants)
    }
  }
  expire(late: number): void {
    this.now += late
    for (const made of this.grants.values()) this.keep(made.id, expire(this.books, CAPS, made, this.clock))
  }
  die(isolate: number): void {
    for (const call of this.calls) if (call.id.startsWith(`${isolate}:`)) call.dead = true
    this.isolates[isolate] = { lease: undefined, closed: [] }
  }
  call(isolate: number, worst: number, share: number): void {
    const own = this.isolate(isolate)
    const id = `${isolate}:${this.id()}`
    const need = { id, requests: 1, tokens: worst, nanoUsd: worst }
    // A call counts in the periods of its grant, which the object's clock may have left since.
    const admitted = (grantId: string) =>
      this.calls.push({
        id,
        worst,
        cost: Math.floor(worst * share),
        at: this.now,
        over: false,
        dead: false,
        keys: this.keys.get(grantId)!,
      })
    const { lease } = own
    if (lease !== undefined && isValid(lease, this.now) && take(lease, need)) return void admitted(lease.id)
    if (own.lease !== undefined) own.closed.push(own.lease)
    own.lease = undefined
    const askId = this.id()
    const result = grant(
      this.books,
      CAPS,
      { id: askId, need, now: true, lease: 100, callMs: 600_000 },
      this.clock,
    )
    this.books = result.books
    if (!result.ok || result.grant === undefined) return
    this.grants.set(askId, result.grant)
    this.keys.set(askId, result.grant.keys)
    own.lease = openLease(result.grant, this.now)
    expectTo(take(own.lease, need), 'a fresh grant has room for its call')
    admitted(askId)
  }
  settle(isolate: number, which: number, twice: boolean): void {
    const own = this.isolate(isolate)
    const leases = [...own.closed, ...(own.lease ? [own.lease] : [])]
    const lease = leases.filter(({ open }) => open.size > 0)[0]
    const id = lease && [...lease.open.keys()][which % lease.open.size]
    const call = this.calls.find((each) => each.id === id)
    if (lease === undefined || id === undefined || call === undefined) return
    const actual = { tokens: call.cost, nanoUsd: call.cost }
    expectTo(settle(lease, id, actual), 'settled')
    if (twice) expectTo(!settle(lease, id, { tokens: 1e6, nanoUsd: 1e6 }), 'settled twice')
    call.over = true
  }
  report(isolate: number, lost: boolean): void {
    const own = this.isolate(isolate)
    if (own.lease !== undefined) own.closed.push(own.lease)
    own.lease = undefined
    for (const lease of own.closed) {
      const said = reportOf(lease, false)
      this.mail.push(said)
      if (!lost) this.deliver(said)
    }
    own.closed = own.closed.filter(({ open }) => lost || open.size > 0)
  }
  shrink(isolate: number, calls: number, lost: boolean): void {
    const { lease } = this.isolate(isolate)
    if (lease === undefined) return
    shrink(lease, calls)
    const said = reportOf(lease, true)
    this.mail.push(said)
    if (!lost) this.deliver(said)
  }
  deliver(said: Report | undefined): void {
    if (said !== undefined) this.keep(said.id, report(this.books, this.grants.get(said.id), said, this.clock))
  }

  check(): void {
    for (const name of PERIODS) {
      const { key, spent, held, forgiven } = this.books.money[name]
      let live = 0
      for (const each of this.grants.values())
        if (each.keys[name] === key && each.state === 'live') live += each.held
      let real = 0
      for (const call of this.calls)
        if (call.keys[name] === key) real += call.over || call.dead ? call.cost : call.worst
      expectTo(held === live, `${name}: held is what live grants hold`)
      expectTo(Math.min(spent, held, forgiven) >= 0, `${name}: nothing is negative`)
      expectTo(spent + held <= CAPS.money[name], `${name}: within the limit`)
      expectTo(forgiven <= forgivable(CAPS.money[name]), `${name}: forgiven within its allowance`)
      expectTo(real <= spent + held + forgiven, `${name}: every call is covered`)
    }
    expectTo(this.books.calls >= 0 && this.books.overrun === 0, 'no negative calls, no overrun')
  }
}

/** Cheaper than `expect` in a loop that runs a million times. */
function expectTo(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

test('B-08, B-10 whatever is lost, repeated, restarted or dies, money is counted once and within its bound', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const world = new World()
      for (const each of steps) {
        world.run(each)
        world.check()
      }
      expect(world.books.overrun).toBe(0)
    }),
    { numRuns: 300 },
  )
})

test('with clocks that behave, no minute has more requests or tokens than the limit', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
      const world = new World()
      for (const each of steps) if (each.do !== 'jump') world.run(each)
      for (const { at } of world.calls) {
        const minute = world.calls.filter((call) => call.at > at - 60_000 && call.at <= at)
        expectTo(minute.length <= CAPS.requests, 'requests')
        const tokens = minute.reduce((sum, { over, cost, worst }) => sum + (over ? cost : worst), 0)
        expectTo(tokens <= CAPS.tokens, 'tokens')
      }
    }),
    { numRuns: 200 },
  )
})

test('when every call has been settled and reported, what was spent is exactly what it cost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = new World()
      for (const each of steps)
        if (each.do !== 'die' && each.do !== 'jump' && each.do !== 'expire') world.run(each)
      for (const index of [0, 1, 2]) {
        for (let left = world.calls.length; left > 0; left--) world.settle(index, 0, true)
        world.report(index, false)
      }
      for (const said of world.mail) world.deliver(said)
      const cost = world.calls.reduce((sum, call) => sum + call.cost, 0)
      expect(world.books.money.total).toEqual({ key: 'ever', spent: cost, held: 0, forgiven: 0 })
      expect(world.books.calls).toBe(0)
      expect(world.grants.size).toBe(0)
    }),
    { numRuns: 200 },
  )
})
