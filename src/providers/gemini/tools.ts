import type { Draft } from './draft.ts'
import { leaveOut, note, unsupported } from './draft.ts'
import { formatSchema, SCHEMA_PARAM } from './format.ts'
import type { DeclaredFunction, Plan } from './plan.ts'
import { describesObject, wrapSchema } from './plan.ts'
import { objectIn } from './read.ts'
import { toGeminiSchema } from './schema.ts'
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
  const synthetic = syntheticDeclaration(plan)
  return synthetic === undefined ? declarations : [...declarations, synthetic]
}
function declare(each: DeclaredFunction, plan: Plan): FunctionDeclaration {
  const { name, description, parameters, wrapped, param } = each
  const schema = parameters !== undefined && wrapped ? wrapSchema(parameters) : parameters
  return {
    name: plan.names.toGemini(name),
    description: description || name,
    ...(schema !== undefined && { parametersJsonSchema: toGeminiSchema(schema, `${param}.parameters`) }),
  }
}
function syntheticDeclaration(plan: Plan): FunctionDeclaration | undefined {
  if (plan.synthetic === undefined || plan.format.kind !== 'json') return undefined
  const schema = formatSchema(plan.format)
  return {
    name: plan.synthetic,
    description: 'Gives the final answer to the user, as JSON. Call this when no other function is needed.',
    parametersJsonSchema: toGeminiSchema(describesObject(schema) ? schema : wrapSchema(schema), SCHEMA_PARAM),
  }
}

/** gemini.md 4.3. AUTO is Google's default and left out. */
function callingConfig(plan: Plan, search: boolean): ToolConfig['functionCallingConfig'] {
  const { choice, synthetic, names } = plan
  if (choice.mode === 'none') return { mode: 'NONE' }
  const allowed = choice.names && {
    allowedFunctionNames: allowedNames(choice.names.map(names.toGemini), synthetic),
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
