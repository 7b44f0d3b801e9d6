import type { Memory } from './memory.ts'
import { type Variant, VARIANTS } from './rig.ts'
import type { Startup } from './startup.ts'
import { median, type Spread, spread } from './stats.ts'
import type { Sample } from './throughput.ts'

/** Everything that a run found, as it is kept in bench/results. */
export interface Results {
  readonly rounds: number
  readonly samples: readonly Sample[]
  readonly memory: readonly Memory[]
  readonly startup: readonly Startup[]
  readonly checkStartupMs: number | undefined
  readonly gzippedBytes: number
}

/** A round's figure of one variant over the same round's of another. */
export function pairedRatio(samples: readonly Sample[], over: Variant, under: Variant): Spread {
  const ratios = samples
    .filter(({ variant }) => variant === over)
    .map(({ round, cpuMicrosPerRequest }) => {
      const other = samples.find((each) => each.variant === under && each.round === round)
      return (cpuMicrosPerRequest ?? Number.NaN) / (other?.cpuMicrosPerRequest ?? Number.NaN)
    })
  return spread(ratios)
}

export function report(results: Results): string {
  const { samples, startup, memory, checkStartupMs, gzippedBytes } = results
  const lines = [
    '| case | at once | CPU ms: native / bare / OpenAI / Gemini | OpenAI × bare (min–max) | Gemini × bare (min–max) |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...cellsOf(samples).map(cpuRow),
    '',
    'Upstream itself / native / bare / OpenAI / Gemini:',
    '',
    '| case | at once | requests/s | p50 ms | p99 ms | first byte ms |',
    '| --- | ---: | ---: | ---: | ---: | ---: |',
    ...cellsOf(samples).map(timeRow),
    '',
    '| worker | KB per open stream | growth, long stream | its length |',
    '| --- | ---: | ---: | ---: |',
    ...memory.map(
      ({ variant, bytesPerStream, growthBytes, longStreamBytes }) =>
        `| ${NAMES[variant]} | ${fixed(bytesPerStream / 1_024, 0)} | ${megabytes(growthBytes)} | ${fixed(longStreamBytes / 1e6, 0)} MB |`,
    ),
    '',
    '| worker | start to first answer ms | CPU ms until then (min) |',
    '| --- | ---: | ---: |',
    ...startup.map(
      ({ worker, firstAnswerMs, cpuMs }) =>
        `| ${worker} | ${fixed(median(firstAnswerMs), 0)} | ${fixed(Math.min(...cpuMs), 0)} |`,
    ),
    '',
    `bundle: ${fixed(gzippedBytes / 1_024, 1)} KiB gzipped`,
    ...(checkStartupMs === undefined ? [] : [`wrangler check startup: ${fixed(checkStartupMs, 1)} ms`]),
  ]
  return lines.join('\n')
}

const NAMES: Readonly<Record<Variant, string>> = {
  direct: 'upstream itself',
  native: 'native hand-over',
  bare: 'bare Hono worker',
  openai: 'gateway, OpenAI',
  gemini: 'gateway, Gemini',
}

function cellsOf(samples: readonly Sample[]): readonly (readonly Sample[])[] {
  const cells = Map.groupBy(samples, ({ cell, concurrency }) => `${cell}@${concurrency}`)
  return [...cells.values()]
}

type Read = (sample: Sample) => number | undefined

/** The medians of the variants, one after the other. */
function medians(cell: readonly Sample[], variants: readonly Variant[], digits: number, read: Read): string {
  return variants
    .map((variant) => cell.filter((sample) => sample.variant === variant))
    .map((own) => fixed(median(own.map((sample) => read(sample) ?? Number.NaN)), digits))
    .join(' / ')
}

const name = ([sample]: readonly Sample[]): string => `${sample?.cell} | ${sample?.concurrency}`

function cpuRow(cell: readonly Sample[]): string {
  const cpu = medians(cell, VARIANTS.slice(1), 2, (sample) => (sample.cpuMicrosPerRequest ?? 0) / 1_000)
  const ratios = (['openai', 'gemini'] as const).map((variant) => ratio(pairedRatio(cell, variant, 'bare')))
  return `| ${name(cell)} | ${cpu} | ${ratios.join(' | ')} |`
}

function timeRow(cell: readonly Sample[]): string {
  const columns = [
    medians(cell, VARIANTS, 0, (sample) => sample.requestsPerSecond),
    medians(cell, VARIANTS, 2, (sample) => sample.p50Ms),
    medians(cell, VARIANTS, 1, (sample) => sample.p99Ms),
    medians(cell, VARIANTS, 2, (sample) => sample.firstByteMs),
  ]
  return `| ${name(cell)} | ${columns.join(' | ')} |`
}

const fixed = (value: number, digits: number): string => value.toFixed(digits)
const ratio = ({ median, min, max }: Spread): string =>
  `**${fixed(median, 2)}** (${fixed(min, 2)}–${fixed(max, 2)})`
const megabytes = (bytes: readonly number[]): string =>
  bytes.length === 0 ? '' : `${bytes.map((each) => fixed(each / 1e6, 1)).join(', ')} MB`
