import type { AnchorName } from './anchors.ts'
import type { Summary } from './metrics.ts'
import { faultsOf, MUTANT_RUNS, simulate } from './run.ts'
import { SCRIPTS } from './scripts.ts'
import { limitOf, LOW_VOLUME, LOW_VOLUME_TARGETS, meets, type Target, TARGETS } from './targets.ts'

type Say = (line: string) => void
type Policy = 'ours' | AnchorName

const BIG = 1_000
const MIDDLE = 300
const SMALL = 50
const BIG_SEEDS = [1, 2, 3] as const
const MIDDLE_SEEDS = [1, 2, 3] as const
/** Of a fleet that is hardly used; the anchors' are the first five. */
const LOW_SEEDS = Array.from({ length: 50 }, (_, i) => i + 1)
const ANCHOR_SEEDS = [1] as const
const POLICIES: readonly {
  readonly label: string
  readonly policy: Policy
  readonly mode: 'async' | 'joined'
}[] = [
  { label: '**ours, async**', policy: 'ours', mode: 'async' },
  { label: 'ours, joined', policy: 'ours', mode: 'joined' },
  { label: 'no breaker', policy: 'none', mode: 'async' },
  { label: 'resilience4j', policy: 'resilience4j', mode: 'async' },
  { label: 'Polly', policy: 'polly', mode: 'async' },
  { label: 'Envoy', policy: 'envoy', mode: 'async' },
  { label: 'cockatiel', policy: 'cockatiel', mode: 'async' },
]

const number = (x: number): string =>
  Number.isNaN(x) ? 'never' : x >= 100 ? x.toFixed(0) : String(Number(x.toFixed(2)))
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
/** The worst of several runs, never the mean: a target that holds on average does not hold. */
const worst = (summaries: readonly Summary[], value: (s: Summary) => number): number =>
  summaries.map(value).reduce((a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)))

/** Every run with 1,000 isolates, by script and policy. */
function bigRuns(say: Say): ReadonlyMap<string, readonly Summary[]> {
  const runs = new Map<string, readonly Summary[]>()
  const names = [...new Set(TARGETS.map((t) => t.script))]
  for (const script of names)
    for (const { label, policy, mode } of POLICIES) {
      const summaries = (policy === 'ours' ? BIG_SEEDS : ANCHOR_SEEDS).map((seed) => {
        const { summary, broken } = simulate({ script, seed, isolates: BIG, perS: BIG, mode, policy })
        if (broken !== undefined) say(broken)
        return summary
      })
      runs.set(`${script} ${label}`, summaries)
      say(`${script} ${label}: wasted ${number(worst(summaries, (s) => s.wasted))}`)
    }
  return runs
}

function targetsTable(runs: ReadonlyMap<string, readonly Summary[]>): string {
  const of = (target: Target, label: string): readonly Summary[] =>
    runs.get(`${target.script} ${label}`) ?? []
  const ours = (target: Target, label: string, mode: 'async' | 'joined'): string => {
    const summaries = of(target, label)
    const met = summaries.every((s) => meets(target, s, mode, BIG))
    return `${number(worst(summaries, target.value))}${met ? '' : ' ✗'}`
  }
  return table(
    ['metric', 'script', 'target (async / joined)', ...POLICIES.map((p) => p.label)],
    TARGETS.map((target) => [
      target.metric,
      target.script,
      `≤ ${number(limitOf(target, 'async', BIG))} / ${number(limitOf(target, 'joined', BIG))}`,
      ...POLICIES.map(({ label, policy, mode }) => {
        if (policy === 'ours') return ours(target, label, mode)
        // What an anchor has not got cannot be measured on it.
        return /object|look-up|opens|price/.test(target.metric)
          ? '–'
          : number(worst(of(target, label), target.value))
      }),
    ]),
  )
}

const RUN_HEAD = [
  'attempts at A in the fault',
  'after its first 10 s',
  'most/s then',
  'eject s',
  'recover s',
  'failures in the 60 s after',
  'amplification',
  'user errors',
  'refused',
  'p99 ms',
] as const
const runCells = (s: readonly Summary[]): readonly string[] => [
  number(worst(s, (x) => x.wasted)),
  number(worst(s, (x) => x.late)),
  number(worst(s, (x) => x.herd)),
  number(worst(s, (x) => x.ejectS)),
  number(worst(s, (x) => x.recoverS)),
  number(worst(s, (x) => x.damage)),
  number(worst(s, (x) => x.amplification)),
  number(worst(s, (x) => x.userErrors)),
  number(worst(s, (x) => x.refused)),
  number(worst(s, (x) => x.p99Ms)),
]

function sideBySide(runs: ReadonlyMap<string, readonly Summary[]>): string {
  return ['hard-503', 'hard-500', 'black-hole', 'brown-out-30', 'capacity-return', 'object-down']
    .map((script) => {
      const rows = POLICIES.map(({ label }) => [label, ...runCells(runs.get(`${script} ${label}`) ?? [])])
      return `### ${script}\n\n${table(['policy', ...RUN_HEAD], rows)}`
    })
    .join('\n\n')
}

interface Runs {
  readonly table: string
  readonly broken: readonly string[]
  /** Seeds that every script was run with. */
  readonly seeds: number
}

/** Seed by seed through all the scripts, so that a run which has to end in time has judged each of them as often. */
function everyScript(
  fleet: { readonly size: number; readonly seeds: readonly number[]; readonly until: number },
  say: Say,
): Runs {
  const broken: string[] = []
  const failed = new Map<string, number>()
  const summaries = new Map<string, Summary[]>(SCRIPTS.map(({ name }) => [name, []]))
  let seeds = 0
  for (const seed of fleet.seeds) {
    if (Date.now() >= fleet.until) break
    for (const [script, held] of summaries) {
      const result = simulate({
        script,
        seed,
        isolates: fleet.size,
        perS: fleet.size,
        mode: 'async',
        policy: 'ours',
      })
      held.push(result.summary)
      if (result.broken === undefined) continue
      failed.set(script, (failed.get(script) ?? 0) + 1)
      broken.push(result.broken)
    }
    seeds++
    say(`${fleet.size} isolates, seed ${seed}: ${broken.length} broken so far`)
  }
  const rows = SCRIPTS.map(({ name, what }) => {
    const s = summaries.get(name) ?? []
    return [
      name,
      what,
      String(failed.get(name) ?? 0),
      number(worst(s, (x) => x.opensOfA)),
      number(worst(s, (x) => x.opensOfB)),
      ...runCells(s),
      number(worst(s, (x) => x.peakCalls)),
    ]
  })
  const head = [
    'script',
    'what happens',
    'runs with a broken invariant',
    'opens of A',
    'of B',
    ...RUN_HEAD,
    'object peak/s',
  ]
  return { table: table(head, rows), broken, seeds }
}

/** Each script and policy, one after the other: the anchors' seeds are fewer, since they are slow to simulate. */
function lowVolume(): { readonly targets: string; readonly runs: string } {
  const runs = new Map<string, readonly Summary[]>()
  for (const script of ['hard-503', 'hard-500', 'black-hole', 'brown-out-30', 'calm'])
    for (const { label, policy, mode } of POLICIES) {
      const seeds = policy === 'ours' ? LOW_SEEDS : LOW_SEEDS.slice(0, 5)
      runs.set(
        `${script} ${label}`,
        seeds.map((seed) => simulate({ ...LOW_VOLUME, script, seed, mode, policy }).summary),
      )
    }
  const targets = LOW_VOLUME_TARGETS.map((target) => [
    target.metric,
    target.script,
    `≤ ${number(target.atMost[0])}`,
    ...POLICIES.map(({ label, policy, mode }) => {
      const s = runs.get(`${target.script} ${label}`) ?? []
      const met = policy !== 'ours' || s.every((x) => meets(target, x, mode, LOW_VOLUME.perS))
      return `${number(worst(s, target.value))}${met ? '' : ' ✗'}`
    }),
  ])
  return {
    targets: table(['metric', 'script', 'target', ...POLICIES.map((p) => p.label)], targets),
    runs: table(
      ['script and policy', ...RUN_HEAD],
      [...runs].map(([name, s]) => [name, ...runCells(s)]),
    ),
  }
}

function longCalm(say: Say): string {
  const rows = (['async', 'joined'] as const).map((mode) => {
    const { summary } = simulate({
      script: 'calm',
      seed: 1,
      isolates: BIG,
      perS: BIG,
      mode,
      policy: 'ours',
      endS: 1_860,
    })
    say(`half an hour of calm, ${mode}: ${summary.opensOfA + summary.opensOfB} opens`)
    return [
      mode,
      number(summary.requests),
      String(summary.opensOfA + summary.opensOfB),
      number(summary.steadyCalls),
      number(summary.peakCalls),
    ]
  })
  return table(['mode', 'requests', 'false opens', 'object calls/s', 'peak'], rows)
}

function mutants(): string {
  const rows = MUTANT_RUNS.map(({ mutant, ...fleet }) => {
    const run = { ...fleet, seed: 1, mode: 'async', policy: 'ours' } as const
    const whole = faultsOf(simulate(run), fleet)
    const without = faultsOf(simulate({ ...run, mutant }), fleet)
    const text = (faults: readonly string[]): string =>
      faults.length === 0 ? 'nothing' : faults.map((f) => f.split('\n')[0]).join('; ')
    return [mutant, `${fleet.script}, ${fleet.isolates} isolates`, text(whole), text(without)]
  })
  return table(['mutant', 'run', 'wrong with it', 'wrong without it'], rows)
}

const brokenOf = ({ broken }: Runs): string =>
  broken.length === 0 ? 'No invariant was broken.' : broken.map((b) => `\`\`\`\n${b}\n\`\`\``).join('\n')

/** `minutes`: when to begin no further seed of the small fleet. */
export function fullReport(
  { seeds, minutes }: { readonly seeds: number; readonly minutes: number },
  say: Say,
): string {
  const until = Date.now() + minutes * 60_000
  const runs = bigRuns(say)
  const low = lowVolume()
  say('low volume is done')
  const calm = longCalm(say)
  const without = mutants()
  const middle = everyScript({ size: MIDDLE, seeds: MIDDLE_SEEDS, until: Infinity }, say)
  const small = everyScript(
    { size: SMALL, seeds: Array.from({ length: seeds }, (_, i) => i + 1), until },
    say,
  )
  return `# The fleet in simulation

Written by \`node scripts/simulate.ts --seeds ${small.seeds}\`; every figure is reproducible from its seed. The simulation drives the
reducers that serve (\`src/health\`, \`src/router\`): Zipf(0.6) traffic with Poisson arrivals, log-normal time to the first
event (0.4 s, σ 0.5), 20–120 ms to the health object and back, 0.2 % of its messages lost and 0.2 % doubled, clocks
up to 2 s off, isolates living 10 minutes on average, active checks every 30 s. Unless a script says otherwise 0.2 % of
attempts fail at any time, and the fault lasts from 60 s to 120 s. The anchors are reduced to their trip rules, have one
breaker per isolate, the same failover, one same-target retry for the kinds that allow it, and 4 s to the first event.
The walk from target to target is the Worker's own (\`src/router/walk.ts\`), and the limits are those that ship. The
health object is configured as the Worker configures it from such routes. Simulated figures rank designs; they are no
forecast. KV has no script: it holds copies of answers and nothing that routing, keys or configuration need (those are
in Durable Objects); that a KV which is down is a cache miss is a test of the cache (\`test/worker/cache.test.ts\`).

## Targets

1,000 isolates, 1,000 requests/s, the **worst** of seeds 1 to ${BIG_SEEDS.length} (anchors: seed 1). ✗: missed. A
brown-out of 30 % passes seven trials in 8 of 100 tries and is back at a sixteenth for a second or two: its time is that
of the first ejection, and what came later is counted among the attempts.

${targetsTable(runs)}

*Joined* is the form of resilience.md 4.2 in which every request that triggers a refresh waits for its answer, beside the
look at the key, for at most 100 ms. It is simulated for comparison; what ships is asynchronous: a request waits, at most
150 ms, only where its isolate has no copy yet or one of more than ten seconds and it is the one that asks; all others read
what is there. Those waits are the look-up's 99th percentile. Without them the last quiet isolates of a fleet that is
hardly used went on asking a dead target for 13 s and more.

*Trial herd* counts every attempt at the ill target, not trials alone; of those there are one or two a second. In a black
hole the first time-outs come after 4 s, so that the second that begins 10 s after the fault is the sixth after the opening,
and holds the first requests of quiet isolates whose copy is six or seven seconds old: five to ten seconds is where
asynchronous refresh serves by the old copy. One seed of the first fourteen has six such requests in that second, the
others five at most. To wait for copies of six seconds too would mean joined refresh in all but name, at a 99th percentile
of 100 ms. Later it is newborn isolates: of what comes in the 20 to 120 ms until the first copy is there, only the first
request waits, and the busiest isolate serves 26 a second.

## Side by side

1,000 isolates, 1,000 requests/s, the worst of the same seeds.

${sideBySide(runs)}

## Low volume

${LOW_VOLUME.isolates} isolates, ${LOW_VOLUME.perS} requests/s, the worst of seeds 1 to ${LOW_SEEDS.length} (anchors: 1 to 5). One attempt a second is 5 % here, so that
times are coarse; a brown-out of 30 % with a handful of attempts a second is found late and passes its trials often.

${low.targets}

${low.runs}

## Half an hour without a fault, 2 % background failures

${calm}

## Every script

Asynchronous refresh, the worst of all seeds. Invariants: leases out within their cap; no attempt at an open target
without lease or panic; at most three attempts; none after the content commit or the deadline; retries in any ten seconds
within a tenth of the successes and one for each isolate; epochs only grow, through restarts too; and every target is back
at its full share when its fault is over.

### ${SMALL} isolates, ${SMALL} requests/s, seeds 1 to ${small.seeds}

${String(SCRIPTS.length * small.seeds)} runs. ${brokenOf(small)}

${small.table}

### ${MIDDLE} isolates, ${MIDDLE} requests/s, seeds 1 to ${MIDDLE_SEEDS.length}

${String(SCRIPTS.length * middle.seeds)} runs. ${brokenOf(middle)}

${middle.table}

## Mutants

One idea of the design taken away, by tampering with what travels or is remembered. Seed 1.

${without}
`
}
