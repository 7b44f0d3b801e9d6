/**
 * The full set of the fleet simulation. Without arguments it writes docs/resilience-simulation.md.
 *   node scripts/simulate.ts [--seeds 200] [--minutes 60] [--out FILE]
 *   node scripts/simulate.ts --seed S --script NAME [--until EVENT] [--isolates N --rate R --mode async|joined --policy P]
 * With minutes, the last part begins no further seed after that long, and the report says how many there were.
 * The second form replays one run, and prints its last events and what the object knew.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { AnchorName } from '../test/simulation/anchors.ts'
import { fullReport } from '../test/simulation/report.ts'
import { simulate } from '../test/simulation/run.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    minutes: { type: 'string', default: 'Infinity' },
    out: { type: 'string', default: 'docs/resilience-simulation.md' },
    seed: { type: 'string' },
    script: { type: 'string' },
    until: { type: 'string' },
    isolates: { type: 'string', default: '300' },
    rate: { type: 'string', default: '300' },
    mode: { type: 'string', default: 'async' },
    policy: { type: 'string', default: 'ours' },
  },
})

if (values.script !== undefined) replay(values.script)
else
  writeFileSync(
    values.out,
    fullReport({ seeds: Number(values.seeds), minutes: Number(values.minutes) }, (line) =>
      console.error(line),
    ),
  )

function replay(script: string): void {
  const { summary, broken, world } = simulate({
    script,
    seed: Number(values.seed ?? 1),
    isolates: Number(values.isolates),
    perS: Number(values.rate),
    mode: values.mode === 'joined' ? 'joined' : 'async',
    policy: values.policy as 'ours' | AnchorName,
    until: values.until === undefined ? undefined : Number(values.until),
  })
  console.log(world.recent.join('\n'))
  for (const [id, target] of Object.entries(world.object.targets)) {
    const { buckets, reporters, usualRates, ...rest } = target
    console.log(id, rest, {
      buckets: buckets.slice(-8),
      reporters: reporters.slice(-4),
      usual: usualRates.slice(-4),
    })
  }
  console.log(summary)
  console.log(world.metrics.opens)
  if (broken !== undefined) {
    console.log(broken)
    process.exitCode = 1
  }
}
