import { dayOf } from '../../catalog/civil-date.ts'
import { GatewayError } from '../../errors.ts'
import type { CodecContext } from '../provider.ts'

export type Level = 'minimal' | 'low' | 'medium' | 'high' | 'xhigh'

/** How a model's thinking is steered (gemini.md 2.8). */
export type Thinking =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'budget'
      /** The least it thinks; 0 where it can be switched off. */
      readonly lowest: number
      readonly max: number
      /** It does not think unless asked to. */
      readonly idle?: true
    }
  | { readonly kind: 'level'; readonly levels: readonly Level[]; readonly idle?: true }

/** What a model's generation can do; a request is shaped by these and never by its id. */
export interface Traits {
  /** The id that answers. */
  readonly model: string
  /** 2.5 for `gemini-2.5-…`; an id without a number is taken for the newest. */
  readonly generation: number
  readonly thinking: Thinking
  readonly output: 'text' | 'image' | 'audio'
  /** Gemma answers 400 to a system instruction. */
  readonly systemInstruction: boolean
  readonly penalties: boolean
}

const L_H: readonly Level[] = ['low', 'medium', 'high']
const M_H: readonly Level[] = ['minimal', ...L_H]
const NO_THINKING: Thinking = { kind: 'none' }

function levels(list: readonly Level[], idle?: true): Thinking {
  return { kind: 'level', levels: list, ...(idle && { idle }) }
}
function budget(lowest: number, max: number, idle?: true): Thinking {
  return { kind: 'budget', lowest, max, ...(idle && { idle }) }
}

/** The first match decides. Only what differs from the newest generation is listed (gemini.md 2.8, 8). */
const FAMILIES: readonly { readonly id: RegExp; readonly traits: Partial<Omit<Traits, 'model'>> }[] = [
  { id: /^gemma/, traits: { generation: 2, thinking: NO_THINKING, systemInstruction: false } },
  { id: /-tts\b/, traits: { thinking: NO_THINKING, output: 'audio', systemInstruction: false } },
  { id: /^gemini-3(\.\d+)?-pro-image/, traits: { thinking: budget(128, 32_768), output: 'image' } },
  {
    id: /^gemini-3\.1-flash(-lite)?-image/,
    traits: { thinking: levels(['minimal', 'high'], true), output: 'image' },
  },
  { id: /-image\b|nano-banana/, traits: { thinking: NO_THINKING, output: 'image' } },
  { id: /^gemini-(1|2\.0)/, traits: { thinking: NO_THINKING, penalties: true } },
  { id: /^gemini-2\.5-flash-lite/, traits: { thinking: budget(0, 24_576, true) } },
  { id: /^gemini-2\.5-flash/, traits: { thinking: budget(0, 24_576) } },
  { id: /^gemini-2\.5/, traits: { thinking: budget(128, 32_768) } },
  { id: /^gemini-3-pro/, traits: { thinking: levels(['low', 'high']) } },
  { id: /^gemini-3\.1-pro/, traits: { thinking: levels(L_H) } },
  { id: /^gemini-3\.[0-5]-flash-lite/, traits: { thinking: levels(M_H, true) } },
  { id: /^gemini-3(\.[0-6])?-flash/, traits: { thinking: levels(M_H) } },
  { id: /^gemini-4-hydrogen/, traits: { thinking: levels([...L_H, 'xhigh']) } },
]

/** `minimal` is left out: 3.7 and later answer it with 400. */
const NEWEST: Omit<Traits, 'model' | 'generation'> = {
  thinking: levels(L_H),
  output: 'text',
  systemInstruction: true,
  penalties: false,
}
const NEWEST_GENERATION = 99

/** Capabilities by id; an id that is not known inherits the newest generation's. */
export function traitsOf(model: string): Traits {
  const id = bareId(model)
  const number = /^gemini-(\d{1,3}(?:\.\d{1,3})?)/.exec(id)?.[1]
  const family = FAMILIES.find((row) => row.id.test(id))
  return {
    model: id,
    generation: number === undefined ? NEWEST_GENERATION : Number(number),
    ...NEWEST,
    ...family?.traits,
  }
}

/** The abilities of the model that answers: Google serves some ids by another model, from a date on (gemini.md 8). */
export function traitsFor({ target, card, chance }: CodecContext): Traits {
  const moved = card?.reroutedTo
  if (card === undefined || moved === undefined) return traitsOf(target.model)
  const gone = card.shutdown === undefined ? card.status === 'rerouted' : card.shutdown <= dayOf(chance.now())
  return traitsOf(gone ? moved : target.model)
}

/** Who can read a thought signature: the models of one major generation; undefined for an id that does not tell. */
export function signatureFamily(model: string): string | undefined {
  return /^gemini-\d{1,3}/.exec(bareId(model))?.[0]
}

/** Resource name in a path; the id comes from a caller and must not reach out of its segment. */
export function modelPath(model: string): string {
  const [, collection = 'models', id = ''] =
    /^(?:(models|tunedModels|dynamic)\/)?([A-Za-z0-9._-]+)$/.exec(model) ?? []
  if (id === '' || id.includes('..') || id === '.') {
    throw new GatewayError('model_not_found', `The model '${printable(model)}' does not exist.`, {
      param: 'model',
    })
  }
  return `${collection}/${encodeURIComponent(id)}`
}
function bareId(model: string): string {
  return model.slice(model.lastIndexOf('/') + 1)
}
function printable(model: string): string {
  return model.replace(/[^\w./:-]/g, '?').slice(0, 100)
}
