import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const OUT = 'dist/bench'
/** Where `wrangler` put the bundle of each worker. */
const ENTRIES = {
  hono: 'bench/workers/hono.ts',
  native: 'bench/workers/native.ts',
  gateway: undefined,
} as const
export type WorkerName = keyof typeof ENTRIES

/** Bundles a worker as it would be deployed; `readable` keeps the names that a profile shows. Returns its main module. */
export function bundle(name: WorkerName, { readable = false } = {}): string {
  const entry = ENTRIES[name]
  const outdir = `${OUT}/${readable ? 'readable-' : ''}${name}`
  execFileSync(
    'wrangler',
    [
      'deploy',
      ...(entry === undefined ? [] : [entry, '--config', 'bench/workers/wrangler.toml']),
      '--dry-run',
      '--outdir',
      outdir,
      ...(readable ? ['--minify=false'] : []),
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
  const main = readdirSync(outdir).find((file) => file.endsWith('.js'))
  if (main === undefined) throw new Error(`wrangler wrote no bundle into ${outdir}`)
  return `${outdir}/${main}`
}

export function gzippedBytes(path: string): number {
  return gzipSync(readFileSync(path)).byteLength
}
