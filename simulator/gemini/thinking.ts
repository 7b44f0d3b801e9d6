import { has, isObject, objectOf, textOf } from '../json.ts'
import type { JsonObject } from '../json.ts'
import { invalidArgument } from './errors.ts'
import type { Model } from './models.ts'

/** gemini.md 2.8. */
export function checkThinking(request: JsonObject, model: Model): void {
  const config = objectOf(request['generationConfig'])['thinkingConfig']
  if (!isObject(config)) return
  if (model.thinking.kind === 'none') throw invalidArgument('Thinking is not enabled for this model.')
  if (has(config, 'thinkingBudget') && has(config, 'thinkingLevel')) {
    throw invalidArgument('You can only set only one of thinking budget and thinking level.')
  }
  if (has(config, 'thinkingLevel')) checkLevel(textOf(config['thinkingLevel']).toLowerCase(), model)
  if (has(config, 'thinkingBudget')) checkBudget(Number(config['thinkingBudget']), model)
}

function checkLevel(level: string, { thinking }: Model): void {
  if (thinking.kind !== 'level') throw invalidArgument('Thinking level is not supported for this model.')
  if (!thinking.levels.includes(level)) {
    throw invalidArgument(
      `Thinking level ${level.toUpperCase()} is not supported for this model. Please retry with other thinking level.`,
    )
  }
}

function checkBudget(asked: number, { thinking }: Model): void {
  if (thinking.kind === 'level') {
    // "3.0 and 3.1 tolerate budgets; 3.5 and later answer 400".
    if (!thinking.budgets)
      throw invalidArgument(
        'Thinking budget is not supported for this model. Please use thinking level instead.',
      )
    return
  }
  if (thinking.kind === 'none') return
  const fits =
    asked === -1 || (asked === 0 && thinking.off) || (asked >= thinking.min && asked <= thinking.max)
  if (fits) return
  const text =
    asked === 0
      ? 'Budget 0 is invalid. This model only works in thinking mode.'
      : `The thinking budget ${asked} is invalid. Please choose a value between ${thinking.min} and ${thinking.max}.`
  throw invalidArgument(text)
}
