import { arrayOf, has, isObject, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalidArgument } from './errors.ts'
import type { Model } from './models.ts'
import { jsonSchemaFault } from './json-schema.ts'
import { legacySchemaFault } from './legacy-schema.ts'
import { declarations } from './turn.ts'

/** gemini.md 2.5. */
const NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/
const MAX_DECLARATIONS = 512

/** gemini.md 2.5 and 2.6. */
export function checkTools(request: JsonObject, model: Model): void {
  const declared = declarations(request)
  if (declared.length > MAX_DECLARATIONS) {
    throw invalidArgument(
      `The number of function declarations (${declared.length}) exceeds the maximum of ${MAX_DECLARATIONS}.`,
    )
  }
  arrayOf(request['tools']).forEach((tool, at) =>
    arrayOf(objectOf(tool)['functionDeclarations']).forEach((each, index) =>
      checkDeclaration(objectOf(each), `GenerateContentRequest.tools[${at}].function_declarations[${index}]`),
    ),
  )
  checkDuplicates(declared)
  checkMixing(request, model)
  checkChoice(request, declared)
}

function checkDeclaration(declaration: JsonObject, path: string): void {
  const name = textOf(declaration['name'])
  if (!NAME.test(name)) {
    throw invalidArgument(
      `* ${path}.name: [Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.]\n`,
    )
  }
  if (has(declaration, 'parameters') && has(declaration, 'parametersJsonSchema')) {
    throw invalidArgument(`* ${path}: only one of parameters and parameters_json_schema may be set.\n`)
  }
  const legacy = legacySchemaFault(declaration['parameters'], `${path}.parameters`)
  if (legacy !== undefined) throw invalidArgument(`* ${legacy}\n`)
  if (has(declaration, 'parametersJsonSchema')) checkParameters(declaration['parametersJsonSchema'], path)
}

/** gemini.md 4.5: "top level not object (function params)" is not taken. */
function checkParameters(schema: unknown, path: string): void {
  const fault = isObject(schema) ? jsonSchemaFault(schema) : 'is not an object'
  if (fault !== undefined) throw invalidArgument(`* ${path}.parameters_json_schema: ${fault}\n`)
  if (isObject(schema) && has(schema, 'type') && schema['type'] !== 'object') {
    throw invalidArgument(
      `* ${path}.parameters_json_schema: schema must be of type object at the top level\n`,
    )
  }
}

function checkDuplicates(declared: readonly JsonObject[]): void {
  const names = declared.map((each) => textOf(each['name']))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) throw invalidArgument(`Duplicate function declaration found: ${twice}`)
}

export function builtIns(request: JsonObject): string[] {
  return arrayOf(request['tools'])
    .flatMap((tool) => Object.keys(objectOf(tool)))
    .filter((name) => name !== 'functionDeclarations')
}

/** gemini.md 2.6, mixing: never on 2.x; on 3 and later only with the server-side traces. */
function checkMixing(request: JsonObject, model: Model): void {
  const included = objectOf(request['toolConfig'])['includeServerSideToolInvocations'] === true
  if (declarations(request).length === 0 || builtIns(request).length === 0) return
  if (model.generation < 3) throw invalidArgument('Tool use with function calling is unsupported')
  if (!included) {
    throw invalidArgument(
      'Built-in tools and function declarations can only be combined with tool_config.include_server_side_tool_invocations.',
    )
  }
}

/** gemini.md 2.6, allowedFunctionNames. */
function checkChoice(request: JsonObject, declared: readonly JsonObject[]): void {
  const config = objectOf(objectOf(request['toolConfig'])['functionCallingConfig'])
  const allowed = arrayOf(config['allowedFunctionNames']).map(textOf)
  const mode = textOf(config['mode']) || 'AUTO'
  if (allowed.length > 0 && mode !== 'ANY' && mode !== 'VALIDATED') {
    throw invalidArgument('Allowed function names should only be specified for ANY mode.')
  }
  const names = declared.map((each) => textOf(each['name']))
  const stranger = allowed.find((name) => !names.includes(name))
  if (stranger !== undefined) {
    throw invalidArgument(
      `* GenerateContentRequest.tool_config.function_calling_config.allowed_function_names: ${stranger} is not a declared function\n`,
    )
  }
  if (mode === 'ANY' && names.length === 0) {
    throw invalidArgument('Function calling mode is set to ANY but no function declarations are provided.')
  }
}
