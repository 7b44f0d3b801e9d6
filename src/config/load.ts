import type * as z from 'zod'
import { allowedHosts, type Environment, variable } from './environment.ts'
import { deployOnly, foreignSecrets, movedBooks } from './runtime-rules.ts'
import { type Config, configSchema } from './schema.ts'
import { defaults, environmentSource, fileSource, layered, runtimeSource } from './sources.ts'
import { type Problem, validate } from './validate.ts'

export type Checked =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Defaults, then `gateway.yaml` (compiled at build time), then the environment. Throws with the path of what is wrong. */
export function loadConfig(file: unknown, env: Environment): Config {
  const checked = check([defaults, fileSource(file), environmentSource(env)], env)
  if (checked.ok) return checked.config
  throw new Error(`Invalid configuration:\n${describeProblems(checked.problems)}`)
}

/** The same with a runtime document on top, which may not do everything that a deployment may. */
export function checkRuntime(document: unknown, file: unknown, env: Environment): Checked {
  const forbidden = deployOnly(document)
  if (forbidden.length > 0) return { ok: false, problems: forbidden }
  const checked = check([defaults, fileSource(file), environmentSource(env), runtimeSource(document)], env)
  if (!checked.ok) return checked
  const deployed = loadConfig(file, env)
  const problems = [...foreignSecrets(checked.config, deployed), ...movedBooks(checked.config, deployed)]
  return problems.length > 0 ? { ok: false, problems } : checked
}

function check(sources: Parameters<typeof layered>[0], env: Environment): Checked {
  const parsed = configSchema.safeParse(layered(sources))
  if (!parsed.success) return { ok: false, problems: parsed.error.issues.flatMap(problemsOf) }
  const problems = [...validate(parsed.data, allowedHosts(env)), ...secretProblems(parsed.data, env)]
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: parsed.data }
}

/** What cannot work without the secret: entries would be readable by whoever can list the store. */
function secretProblems({ routes }: Config, env: Environment): readonly Problem[] {
  if (variable(env, 'GATEWAY_SECRET') !== undefined) return []
  return Object.entries(routes).flatMap(([name, { cache }]) =>
    cache === undefined
      ? []
      : [{ path: ['routes', name, 'cache'], message: 'the cache needs the secret GATEWAY_SECRET' }],
  )
}

/** What the schema has to say; a member that does not exist is named, not what it is in. */
export function problemsOf(issue: z.core.$ZodIssue): readonly Problem[] {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)))
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys.map((key) => ({ path: [...path, key], message: `Unrecognized key: "${key}"` }))
}

export const describeProblems = (problems: readonly Problem[]): string =>
  problems.map(({ path, message }) => `${path.join('.') || '(top)'}: ${message}`).join('\n')
