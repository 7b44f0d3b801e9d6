import { arrayOf, has, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { callsOf, partsOf, responsesOf } from './contents.ts'
import { invalidArgument } from './errors.ts'
import { family } from './models.ts'
import type { Model } from './models.ts'
import { verify } from './signatures.ts'

/** gemini.md 4.6: who must return signatures, and which are refused. */
export function checkSignatures(request: JsonObject, model: Model): void {
  if (model.thinking.kind === 'none') return
  const contents = arrayOf(request['contents']).map(objectOf)
  for (const part of contents.flatMap(partsOf)) {
    if (
      has(part, 'thoughtSignature') &&
      verify(textOf(part['thoughtSignature']), family(model)) === 'corrupted'
    ) {
      throw invalidArgument('Corrupted thought signature.')
    }
  }
  if (model.generation >= 3) checkCurrentTurn(contents)
}

/** Every step since the last user content that is not only function responses; the first call of each. */
function checkCurrentTurn(contents: readonly JsonObject[]): void {
  const start = contents.findLastIndex(
    (content) => content['role'] !== 'model' && responsesOf(content).length < partsOf(content).length,
  )
  contents.forEach((content, index) => {
    const [first] = callsOf(content)
    if (index < start || first === undefined || textOf(first['thoughtSignature']) !== '') return
    const name = textOf(objectOf(first['functionCall'])['name'])
    throw invalidArgument(
      'Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance. ' +
        `Additional data, function call \`default_api:${name}\` , position ${index + 1}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more details.`,
    )
  })
}
