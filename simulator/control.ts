import { isObject, parseJson } from './json.ts'
import type { Records } from './record.ts'
import type { Rule, Scripts } from './script.ts'

/** The simulator's own endpoints, for tests that sit in another process. */
export async function control(
  request: Request,
  url: URL,
  scripts: Scripts,
  records: Records,
): Promise<Response> {
  const handler = HANDLERS[`${request.method} ${url.pathname}`]
  if (handler === undefined) return Response.json({ error: 'no such control endpoint' }, { status: 404 })
  return handler(scripts, records, await request.text())
}

const HANDLERS: Record<string, (scripts: Scripts, records: Records, body: string) => Response> = {
  'POST /__sim/rules': (scripts, _records, body) => addRules(scripts, body),
  'DELETE /__sim/rules': (scripts) => {
    scripts.clear()
    return Response.json({ ok: true })
  },
  'GET /__sim/received': (_scripts, records) => Response.json(records.list),
  'DELETE /__sim/received': (_scripts, records) => {
    records.clear()
    return Response.json({ ok: true })
  },
}

/** One rule, or a list of them. */
function addRules(scripts: Scripts, body: string): Response {
  const parsed = parseJson(body)
  const list: unknown[] = Array.isArray(parsed) ? parsed : [parsed]
  const rules = list.filter(isRule)
  if (rules.length === 0)
    return Response.json({ error: 'expected {match?, times?, do} or a list of them' }, { status: 400 })
  scripts.add(rules)
  return Response.json({ added: rules.length })
}

function isRule(value: unknown): value is Rule {
  return isObject(value) && isObject(value['do'])
}
