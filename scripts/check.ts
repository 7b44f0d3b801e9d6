import { spawnSync } from 'node:child_process'

/** `npm test -- FILTER` runs some of the tests. */
const some = process.argv.slice(2)
/** `npm test`: everything that must hold, cheapest first; stops at the first that does not. */
const STEPS: readonly (readonly [name: string, ...command: readonly string[]])[] = [
  ['generated files are fresh', 'node', 'scripts/generate.ts', '--check'],
  ['configuration compiles', 'node', 'scripts/compile-config.ts'],
  ['binding types are fresh', 'wrangler', 'types', '--include-runtime=false', '--check'],
  ['types', 'tsc', '--noEmit'],
  ['types of tests and tools', 'tsc', '--noEmit', '-p', 'tsconfig.node.json'],
  ['types of worker tests', 'tsc', '--noEmit', '-p', 'tsconfig.worker-test.json'],
  ['lint', 'oxlint'],
  ['format', 'oxfmt', '--check'],
  ['unused code', 'knip'],
  ['lockfile serves every platform', 'npm', 'ci', '--dry-run', '--no-audit', '--no-fund', '--loglevel=error'],
  ['bundle', 'node', 'scripts/check-bundle.ts'],
  ['bench runs', 'node', 'bench/main.ts', '--fast'],
  [
    'tests',
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    '--outputFile.json=build/tests.json',
    ...some,
  ],
  // The page is of all tests: after some of them it cannot be judged.
  ...(some.length > 0 ? [] : [['conformance page', 'node', 'scripts/conformance.ts', '--check'] as const]),
]

for (const [name, ...command] of STEPS) {
  const startedAt = performance.now()
  console.log(`\n▸ ${name}`)
  const [program = '', ...args] = command
  const { status } = spawnSync(program, args, { stdio: 'inherit' })
  if (status !== 0) {
    console.error(`✗ ${name} (${command.join(' ')})`)
    process.exit(status ?? 1)
  }
  console.log(`✓ ${name} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`)
}
