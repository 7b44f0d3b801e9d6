import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import * as z from 'zod'
import { configSchema } from '../src/config/schema.ts'
import { compileConfig, orSayWhy } from './compile-config.ts'
import { withEndpointTable } from './endpoint-table.ts'
import { openapi } from './openapi.ts'
import { generateCatalog } from './generate-catalog.ts'

/** Files made from others, by path. All but the build folder's are committed. */
function files(): Readonly<Record<string, string>> {
  return {
    'build/gateway.json': compileConfig(readFileSync('gateway.yaml', 'utf8')),
    'schema/config.schema.json': `${JSON.stringify({ $id: 'config.schema.json', title: 'gateway.yaml', ...z.toJSONSchema(configSchema, { io: 'input' }) }, null, 2)}\n`,
    'schema/openapi.json': openapi(),
    'src/catalog/models.generated.ts': generateCatalog(),
    'README.md': withEndpointTable(readFileSync('README.md', 'utf8')),
  }
}

/** Writes every generated file. */
export function generate(): void {
  for (const [path, content] of Object.entries(files())) {
    mkdirSync(dirname(path), { recursive: true })
    if (read(path) !== content) writeFileSync(path, content)
  }
}

/** The committed files that no longer are what they are made from. */
export function stale(): readonly string[] {
  return Object.entries(files())
    .filter(([path, content]) => !path.startsWith('build/') && read(path) !== content)
    .map(([path]) => path)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function check(): void {
  const old = stale()
  if (old.length > 0) throw new Error(`Stale generated files (run \`npm run generate\`): ${old.join(', ')}`)
}

if (import.meta.main) orSayWhy(process.argv.includes('--check') ? check : generate)
