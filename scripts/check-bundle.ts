import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** What is deployed must stay small: every isolate loads it, and a cold start pays for each byte. */
const MAX_GZIPPED_BYTES = 250 * 1_024
/** What must never get into it. */
const FORBIDDEN = ['simulator', 'node:fs', 'yaml/dist']

execFileSync('wrangler', ['deploy', '--dry-run', '--outdir', 'dist', '--metafile'], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
const meta = JSON.parse(readFileSync('dist/bundle-meta.json', 'utf8')) as { inputs: Record<string, unknown> }
const intruders = Object.keys(meta.inputs).filter((path) => FORBIDDEN.some((part) => path.includes(part)))
if (intruders.length > 0) throw new Error(`Not for the bundle: ${intruders.join(', ')}`)
const code = readdirSync('dist').filter((name) => name.endsWith('.js'))
const bytes = code.reduce((sum, name) => sum + gzipSync(readFileSync(`dist/${name}`)).byteLength, 0)
console.log(`bundle: ${(bytes / 1_024).toFixed(1)} KiB gzipped of ${MAX_GZIPPED_BYTES / 1_024}`)
if (bytes > MAX_GZIPPED_BYTES) process.exit(1)
