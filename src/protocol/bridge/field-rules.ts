import { isAbsent, type JsonObject } from '../read.ts'
import { type Changes, unsupportedParameter } from './changes.ts'

/**
 * What is done with a caller's field. `read`: another place looks at it, or it concerns the gateway alone; `pass`: the
 * other endpoint has it under the same name; a function refuses, or leaves out and lists.
 */
export type Rule = 'read' | 'pass' | ((value: unknown, changes: Changes) => void)

export const refused =
  (param: string): Rule =>
  () => {
    throw unsupportedParameter(param)
  }

/** The fields that go to the other endpoint as they are. What has no rule passes, and is judged there. */
export function passedFields(
  request: object,
  rules: Readonly<Record<string, Rule>>,
  changes: Changes,
): JsonObject {
  const passed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(request)) {
    if (isAbsent(value)) continue
    const rule = Object.hasOwn(rules, name) ? (rules[name] ?? 'pass') : 'pass'
    if (rule === 'pass') passed[name] = value
    else if (rule !== 'read') rule(value, changes)
  }
  return passed
}
