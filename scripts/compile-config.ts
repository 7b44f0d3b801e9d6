import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { LineCounter, parseDocument } from 'yaml'
import { configSchema } from '../src/config/schema.ts'
import { validate } from '../src/config/validate.ts'

/** Checks `gateway.yaml` and writes it as JSON, so that no Worker ever parses YAML. Names line and path of what is wrong. */
export function compileConfig(text: string): string {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const [broken] = document.errors
  if (broken !== undefined)
    throw new Error(`gateway.yaml:${lines.linePos(broken.pos[0]).line}: ${broken.message.split('\n')[0]}`)
  const value: unknown = document.toJS() ?? {}
  const parsed = configSchema.safeParse(value)
  const found = parsed.success ? validate(parsed.data) : parsed.error.issues
  if (found.length === 0) return `${JSON.stringify(value, null, 2)}\n`
  const problems = found.map(({ path, message }) => {
    const node = document.getIn(path, true) ?? document.getIn(path.slice(0, -1), true)
    const range =
      typeof node === 'object' && node !== null && 'range' in node
        ? (node.range as [number] | undefined)
        : undefined
    return `gateway.yaml:${range === undefined ? 1 : lines.linePos(range[0]).line}: ${path.join('.') || '(top)'}: ${message}`
  })
  throw new Error(problems.join('\n'))
}

if (import.meta.main) {
  try {
    const compiled = compileConfig(readFileSync('gateway.yaml', 'utf8'))
    mkdirSync('build', { recursive: true })
    writeFileSync('build/gateway.json', compiled)
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown)
    process.exit(1)
  }
}
