import { card as lookUp } from './card.ts'
import type { CatalogEndpoint, ModelCard } from './model-card.ts'

/** What to do with a model that its provider has shut down: send it anyway, use its successor, or refuse. */
export type RetiredMode = 'as-is' | 'follow' | 'refuse'

/** Days (YYYY-MM-DD) to announce to the caller, of the model that was asked for. */
interface Notice {
  /** For a `Deprecation` header. */
  readonly deprecation?: string
  /** For a `Sunset` header. */
  readonly sunset?: string
}

export type Lifecycle =
  | (Notice & { readonly kind: 'serve'; readonly card: ModelCard })
  | (Notice & { readonly kind: 'follow'; readonly card: ModelCard; readonly from: ModelCard })
  | (Notice & { readonly kind: 'retired'; readonly card: ModelCard; readonly successor?: string })

/**
 * Whether to serve a model on a day (YYYY-MM-DD), and in whose place. The shutdown day itself counts as
 * retired. A successor that is retired too is passed over for its own; one that does not offer `endpoint`
 * (or, if none is given, no endpoint of the retired model) is not followed, only named.
 */
export function lifecycle(
  card: ModelCard,
  mode: RetiredMode,
  today: string,
  endpoint?: CatalogEndpoint,
): Lifecycle {
  const notice = noticeOf(card)
  const gone = isRetired(card, today)
  if (mode === 'as-is' || (!gone && !movedAlready(card, mode))) return { ...notice, kind: 'serve', card }
  const successor = successorOf(card, today)
  if (mode === 'follow' && successor !== undefined && replaces(successor, card, endpoint))
    return { ...notice, kind: 'follow', card: successor, from: card }
  if (!gone) return { ...notice, kind: 'serve', card }
  return { ...notice, kind: 'retired', card, ...(successor && { successor: successor.id }) }
}

/** The provider already answers with another model: following says so, and uses its parameters and price. */
function movedAlready(card: ModelCard, mode: RetiredMode): boolean {
  return mode === 'follow' && card.status === 'rerouted'
}

/** Whether a model no longer answers as itself on a day (YYYY-MM-DD). */
export function isRetired(card: ModelCard, today: string): boolean {
  // ISO dates compare as text.
  return card.shutdown === undefined ? card.status === 'shutdown' : card.shutdown <= today
}

/** The first model down the chain of successors that is alive on a day. */
export function successorOf(card: ModelCard, today: string): ModelCard | undefined {
  const seen = new Set([card.id])
  let next = nextOf(card)
  while (next !== undefined && !seen.has(next.id)) {
    if (!isRetired(next, today) && next.status !== 'rerouted') return next
    seen.add(next.id)
    next = nextOf(next)
  }
  return undefined
}

function nextOf(card: ModelCard): ModelCard | undefined {
  const id = card.reroutedTo ?? card.replacement
  return id === undefined ? undefined : lookUp(id)
}

function replaces(successor: ModelCard, card: ModelCard, endpoint: CatalogEndpoint | undefined): boolean {
  if (endpoint !== undefined) return successor.endpoints.includes(endpoint)
  return card.endpoints.some((each) => successor.endpoints.includes(each))
}

function noticeOf(card: ModelCard): Notice {
  return {
    ...(card.deprecated !== undefined && { deprecation: card.deprecated }),
    ...(card.shutdown !== undefined && { sunset: card.shutdown }),
  }
}
