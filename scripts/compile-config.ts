import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type Document, isCollection, isMap, isNode, LineCounter, parseDocument } from 'yaml'
import { problemsOf } from '../src/config/load.ts'
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
  const found = parsed.success ? validate(parsed.data) : parsed.error.issues.flatMap(problemsOf)
  if (found.length === 0) return `${JSON.stringify(value, null, 2)}\n`
  const problems = found.map(({ path, message }) => {
    const { line } = lines.linePos(startOf(document, path))
    return `gateway.yaml:${line}: ${path.join('.') || '(top)'}: ${message}`
  })
  throw new Error(problems.join('\n'))
}

/** Where a path begins: at its own name, or the nearest one around it that is there. */
function startOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const name = path[length - 1]
    const found = isMap(parent)
      ? parent.items.find(({ key }) => isNode(key) && String(key) === String(name))?.key
      : isCollection(parent) && parent.get(name, true)
    if (isNode(found) && found.range) return found.range[0]
  }
  return 0
}

/** For the scripts that compile it: what is wrong is the operator's to mend, so they are told that, and no stack. */
export function orSayWhy(work: () => void): void {
  try {
    work()
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown)
    process.exit(1)
  }
}

if (import.meta.main)
  orSayWhy(() => {
    const compiled = compileConfig(readFileSync('gateway.yaml', 'utf8'))
    mkdirSync('build', { recursive: true })
    writeFileSync('build/gateway.json', compiled)
  })
