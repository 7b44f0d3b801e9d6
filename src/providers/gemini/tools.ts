import type { Draft } from './draft.ts'
import { leaveOut, note, unsupported } from './draft.ts'
import type { DeclaredFunction, Plan, Synthetic } from './plan.ts'
import { objectIn } from './read.ts'
import type { FunctionDeclaration, RequestTool, ToolConfig } from './wire.ts'

export interface EncodedTools {
  readonly tools?: readonly RequestTool[]
  readonly toolConfig?: ToolConfig
}

/** `called` are the functions, by Google's names, that the history calls. */
export function encodeTools(draft: Draft, plan: Plan, called: ReadonlySet<string>): EncodedTools {
  const search = readSearch(draft, plan)
  const declarations = declarationsFor(draft, plan)
  if (plan.synthetic !== undefined) note(draft, 'response_format', 'synthetic_tool')
  if (declarations.length === 0 && !search) return historyStubs(draft, plan, called)
  if (declarations.length > 0 && plan.firstCallOnly && !plan.legacy)
    note(draft, 'parallel_tool_calls', 'first_call_kept')
  const toolConfig = declarations.length > 0 ? toolConfigFor(plan, search) : undefined
  return {
    tools: [
      ...(declarations.length > 0 ? [{ functionDeclarations: declarations }] : []),
      ...(search ? [{ googleSearch: {} }] : []),
    ],
    ...(toolConfig && { toolConfig }),
  }
}
function toolConfigFor(plan: Plan, search: boolean): ToolConfig | undefined {
  const functionCallingConfig = callingConfig(plan, search)
  // Google Search beside functions, possible from generation 3 on (gemini.md 2.6).
  if (search)
    return { ...(functionCallingConfig && { functionCallingConfig }), includeServerSideToolInvocations: true }
  return functionCallingConfig && { functionCallingConfig }
}

function declarationsFor(draft: Draft, plan: Plan): readonly FunctionDeclaration[] {
  // Before generation 3 JSON output is refused beside declarations, even if none may be called.
  if (plan.choice.mode === 'none' && plan.format.kind === 'json' && draft.traits.generation < 3) return []
  const declarations = [...plan.declared.values()].map((each) => declare(each, plan))
  return plan.synthetic === undefined ? declarations : [...declarations, declareSynthetic(plan.synthetic)]
}
function declare({ name, description, parameters }: DeclaredFunction, { names }: Plan): FunctionDeclaration {
  return {
    name: names.toGemini(name),
    description: description || name,
    ...(parameters.schema !== undefined && { parametersJsonSchema: parameters.schema }),
  }
}
function declareSynthetic({ name, parameters }: Synthetic): FunctionDeclaration {
  return {
    name,
    description: 'Gives the final answer to the user, as JSON. Call this when no other function is needed.',
    ...(parameters.schema !== undefined && { parametersJsonSchema: parameters.schema }),
  }
}

/** gemini.md 4.3. AUTO is Google's default and left out. */
function callingConfig(plan: Plan, search: boolean): ToolConfig['functionCallingConfig'] {
  const { choice, synthetic, names } = plan
  if (choice.mode === 'none') return { mode: 'NONE' }
  const allowed = choice.names && {
    allowedFunctionNames: allowedNames(choice.names.map(names.toGemini), synthetic?.name),
  }
  if (choice.mode === 'required' || synthetic !== undefined) return { mode: 'ANY', ...allowed }
  const strict = [...plan.declared.values()].some((each) => each.strict)
  // Names go with ANY and VALIDATED only.
  return allowed !== undefined || strict || search ? { mode: 'VALIDATED', ...allowed } : undefined
}
function allowedNames(names: readonly string[], synthetic: string | undefined): readonly string[] {
  return synthetic === undefined ? names : [...names, synthetic]
}

/** Google may answer UNEXPECTED_TOOL_CALL when a history has calls and the request declares no functions. */
function historyStubs(draft: Draft, plan: Plan, called: ReadonlySet<string>): EncodedTools {
  const possible = draft.traits.generation >= 3 || plan.format.kind === 'text'
  if (called.size === 0 || !possible || !draft.traits.systemInstruction) return {}
  const functionDeclarations = [...called].map((name) => ({ name, description: name }))
  return { tools: [{ functionDeclarations }], toolConfig: { functionCallingConfig: { mode: 'NONE' } } }
}

/** `web_search_options`; NONE does not stop Google's own tools, so they are not sent with it. */
function readSearch(draft: Draft, plan: Plan): boolean {
  const options = objectIn(draft.request.web_search_options, 'web_search_options')
  if (options === undefined) return false
  for (const name of Object.keys(options)) {
    if (options[name] !== null) leaveOut(draft, `web_search_options.${name}`)
  }
  if (plan.choice.mode === 'none') {
    note(draft, 'web_search_options', 'dropped')
    return false
  }
  const alone = plan.declared.size === 0 && plan.format.kind === 'text'
  if (draft.traits.generation < 3 && !alone) {
    throw unsupported('web_search_options', 'cannot be combined with functions or JSON output on this model')
  }
  return true
}
