import type { ModelCard } from './model-card.ts'
import { nameModel } from './model-id.ts'
import { modelRows } from './models.generated.ts'

interface Index {
  readonly cards: readonly ModelCard[]
  readonly byName: ReadonlyMap<string, ModelCard>
}

let built: Index | undefined

/** Built on first use: a Worker's start-up time is limited, and not every request asks. */
function index(): Index {
  built ??= buildIndex(modelRows())
  return built
}

function buildIndex(cards: readonly ModelCard[]): Index {
  const byName = new Map<string, ModelCard>()
  for (const card of cards)
    for (const name of [card.upstreamId, ...card.aliases, ...card.snapshots]) byName.set(name, card)
  for (const card of cards) byName.set(card.id, card)
  return { cards, byName }
}

/** Every model of the catalog, in the order of its source file. */
export function cards(): readonly ModelCard[] {
  return index().cards
}

/**
 * The model behind an id, alias, snapshot or upstream id, with or without `openai/`, `gemini/`, `google/`
 * or `models/` before it; undefined if the catalog does not list it or lists it for another provider.
 */
export function card(id: string): ModelCard | undefined {
  const named = nameModel(id)
  if (named === undefined) return undefined
  const found = index().byName.get(named.id)
  return named.provider === undefined || named.provider === found?.provider ? found : undefined
}

/**
 * The id to send to the provider. Only the catalog's own name is replaced (`gpt-4o-audio` is
 * `gpt-4o-audio-preview` upstream): a snapshot or an alias was chosen by the caller and is sent as named.
 * Undefined if the id is not safe to send.
 */
export function upstreamIdFor(id: string): string | undefined {
  const named = nameModel(id)
  if (named === undefined) return undefined
  const found = card(id)
  return found?.id === named.id ? found.upstreamId : named.id
}
