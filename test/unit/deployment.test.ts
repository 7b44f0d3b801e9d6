import { readdirSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readDeployment } from '../../src/config/environment.ts'
import { loadConfig } from '../../src/config/load.ts'
import { createRegistry } from '../../src/config/registry.ts'
import { HEADERS } from '../../src/http/headers.ts'
import { ALLOWED_HEADERS, REQUEST_HEADERS } from '../../src/http/request-headers.ts'

const WRANGLER = readFileSync('wrangler.toml', 'utf8')
const DEV_VARS = readFileSync('.dev.vars.example', 'utf8')
const DEPLOYMENT = readFileSync('docs/deployment.md', 'utf8')
const README = readFileSync('README.md', 'utf8')

/** What the code asks its environment for, found by letting it ask. */
function asked(): readonly string[] {
  const names = new Set<string>()
  const env = new Proxy<Record<string, unknown>>(
    {},
    {
      get(_, name) {
        names.add(String(name))
        return undefined
      },
    },
  )
  readDeployment(env)
  createRegistry(loadConfig({}, env), env)
  for (const { text } of sources())
    for (const [, name] of text.matchAll(/\benv(?:\.|\[')([A-Z][A-Z0-9_]+)/g))
      if (name !== undefined) names.add(name)
  return [...names].sort()
}

function sources(): readonly { readonly path: string; readonly text: string }[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(`src/${path}`, 'utf8') }))
}

/** Set, or shown as something to set, or bound. */
const declaredIn = (text: string, name: string): boolean =>
  new RegExp(`^(?:# ?)?${name} ?=|^(?:name|binding) = "${name}"`, 'm').test(text)
const isSecret = (name: string): boolean => /_(?:KEYS?|SECRET)$/.test(name)

describe('variables and secrets', () => {
  it('are found', () => {
    expect(asked()).toEqual(expect.arrayContaining(['OPENAI_API_KEY', 'GATEWAY_KEYS', 'GEMINI_BASE_URL']))
  })

  it('that the code reads are declared: secrets in .dev.vars.example, the others in wrangler.toml', () => {
    const missing = asked().filter((name) => !declaredIn(isSecret(name) ? DEV_VARS : WRANGLER, name))
    expect(missing).toEqual([])
  })

  it('that are declared are read by the code', () => {
    const secrets = Object.keys(parseEnv(DEV_VARS))
    const [, vars = ''] = /^\[vars\]\n([^[]*)/m.exec(WRANGLER) ?? []
    const variables = [...vars.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]+) ?=/gm)].map(([, name]) => name)
    expect(variables).not.toEqual([])
    const known = asked()
    expect([...secrets, ...variables].filter((name) => name !== undefined && !known.includes(name))).toEqual(
      [],
    )
  })

  it('are all in the documentation', () => {
    expect(asked().filter((name) => !DEPLOYMENT.includes(`\`${name}\``))).toEqual([])
  })

  it('no secret has a value in a committed file, and none is a plain variable', () => {
    expect(Object.values(parseEnv(DEV_VARS)).filter((value) => value !== '')).toEqual([])
    expect(asked().filter((name) => isSecret(name) && declaredIn(WRANGLER, name))).toEqual([])
  })
})

/** The names in the first column of the README's table under a heading. */
function documented(heading: string): readonly string[] {
  const [, section = ''] = README.split(`## ${heading}\n`)
  const [table = ''] = section.split('\n## ')
  return [...table.matchAll(/^\| (.*?) +\|/gm)]
    .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)])
    .map(([, name = '']) => name)
}

describe('headers', () => {
  it('of answers are the same in the code and in the README', () => {
    expect(documented('Response headers').toSorted()).toEqual(Object.values(HEADERS).sort())
  })

  it('of requests are the same in the code and in the README, and each may come from a page', () => {
    const names = documented('Request headers')
    expect(names.toSorted()).toEqual(Object.values(REQUEST_HEADERS).sort())
    const allowed = ALLOWED_HEADERS.split(', ')
    expect(names.filter((name) => !allowed.includes(name))).toEqual([])
  })

  it('that the code reads from requests are all in the table', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    )
    const read = files.flatMap((name) =>
      [
        ...readFileSync(`src/${name}`, 'utf8').matchAll(
          /(?:\bheader|eaders\s*\.get)\(\s*'(x-gateway-[\w-]+)'/g,
        ),
      ].map(([, header = '']) => header),
    )
    expect(read).not.toEqual([])
    // Of the admin API, which no page calls.
    const known: readonly string[] = [...Object.values(REQUEST_HEADERS), 'x-gateway-actor']
    expect(read.filter((name) => !known.includes(name))).toEqual([])
  })
})

describe('the README', () => {
  it('links to files that exist', () => {
    const links = [...README.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? '')
    expect(links).not.toEqual([])
    for (const link of links) expect(readFileSync(link, 'utf8').length).toBeGreaterThan(0)
  })

  it('names folders that exist', () => {
    for (const [, path = ''] of README.matchAll(/^(src\/\w+\/) /gm)) expect(readdirSync(path)).not.toEqual([])
  })
})
