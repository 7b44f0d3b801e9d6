/** Each has an endpoint of its own. */
type MediaKind = 'embedding' | 'moderation' | 'image' | 'speech' | 'transcription' | 'realtime'

/** What of openai.md 2.4, 2.5, 7.2 and 7.3 decides whether a chat request is accepted. */
export interface Model {
  id: string
  snapshot: string
  kind: 'chat' | 'reasoning' | 'search' | 'audio' | 'responses' | MediaKind
  /** The first date (YYYY-MM-DD) on which it is gone. */
  shutdown?: string
  efforts?: readonly string[]
  effort?: string
  /** openai.md 2.4, "sampling params". */
  sampling?: 'never' | 'effort-none'
  /** openai.md 2.4, "function tools on Chat". */
  tools?: 'yes' | 'effort-none' | 'never'
  noStop?: boolean
  noParallel?: boolean
  /** openai.md 2.5, Models: no json_schema. */
  noSchema?: boolean
  noFormat?: boolean
  /** No developer or system message (o1-preview, o1-mini). */
  userOnly?: boolean
  /** o1 refuses n > 1. */
  oneChoice?: boolean
  noImages?: boolean
}

const L_H = ['low', 'medium', 'high']

/** The efforts a model takes, and the one it has when none is asked for: openai.md 2.4. */
interface Efforts {
  efforts: readonly string[]
  effort: string
}
const O_SERIES: Efforts = { efforts: L_H, effort: 'medium' }
const NO_EFFORT: Efforts = { efforts: [], effort: '' }
const GPT_5: Efforts = { efforts: ['minimal', ...L_H], effort: 'medium' }
const GPT_5_1: Efforts = { efforts: ['none', ...L_H], effort: 'none' }
const GPT_5_2: Efforts = { efforts: ['none', ...L_H, 'xhigh'], effort: 'none' }
const GPT_5_5: Efforts = { efforts: ['none', ...L_H, 'xhigh'], effort: 'medium' }
const GPT_5_6: Efforts = { efforts: ['none', ...L_H, 'xhigh', 'max'], effort: 'medium' }
const ASTRA: Efforts = { efforts: [...L_H, 'xhigh', 'max'], effort: 'medium' }
const SOL_6_1: Efforts = { efforts: [...L_H, 'xhigh'], effort: 'medium' }

function withSnapshot(model: Model): Model[] {
  return model.id === model.snapshot ? [model] : [model, { ...model, id: model.snapshot }]
}

function chat(id: string, date: string, shutdown: string, more: Partial<Model> = {}): Model[] {
  return withSnapshot({ id, snapshot: `${id}-${date}`, kind: 'chat', shutdown, ...more })
}

function reasoning(id: string, date: string, efforts: Efforts, more: Partial<Model> = {}): Model[] {
  return withSnapshot({
    id,
    snapshot: date === '' ? id : `${id}-${date}`,
    kind: 'reasoning',
    sampling: 'never',
    tools: 'yes',
    ...efforts,
    ...more,
  })
}

function only(kind: Model['kind'], ids: readonly string[], shutdown?: string): Model[] {
  return ids.map((id) => ({ id, snapshot: id, kind, ...(shutdown === undefined ? {} : { shutdown }) }))
}

/** openai.md 2.1, stop: unsupported on gpt-5 and later. */
const FIXED = { noStop: true } as const
const IFF_NONE = { sampling: 'effort-none', noStop: true } as const
const TOOLS_IFF_NONE = { sampling: 'effort-none', tools: 'effort-none', noStop: true } as const
const NO_TOOLS = { tools: 'never', noStop: true } as const
const FIRST_O = { userOnly: true, tools: 'never', noFormat: true } as const

const ROWS: readonly Model[] = [
  ...chat('gpt-4o', '2024-08-06', '2027-01-14'),
  ...chat('gpt-4o-mini', '2024-07-18', '2027-01-14'),
  ...chat('gpt-4.1', '2025-04-14', '2027-01-14'),
  ...chat('gpt-4.1-mini', '2025-04-14', '2027-01-14'),
  ...chat('gpt-4.1-nano', '2025-04-14', '2026-10-23'),
  ...chat('gpt-4-turbo', '2024-04-09', '2026-10-23', { noSchema: true }),
  ...chat('gpt-4', '0613', '2026-10-23', { noSchema: true, noImages: true }),
  { id: 'gpt-4o-2024-11-20', snapshot: 'gpt-4o-2024-11-20', kind: 'chat', shutdown: '2027-01-14' },
  {
    id: 'gpt-4o-2024-05-13',
    snapshot: 'gpt-4o-2024-05-13',
    kind: 'chat',
    shutdown: '2026-10-23',
    noSchema: true,
  },
  { id: 'chat-latest', snapshot: 'chat-latest', kind: 'chat' },

  ...reasoning('o1', '2024-12-17', O_SERIES, { oneChoice: true, noParallel: true }),
  ...reasoning('o1-preview', '2024-09-12', NO_EFFORT, { ...FIRST_O, shutdown: '2025-07-28' }),
  ...reasoning('o1-mini', '2024-09-12', NO_EFFORT, { ...FIRST_O, shutdown: '2025-10-27', noImages: true }),
  ...reasoning('o3', '2025-04-16', O_SERIES, { shutdown: '2026-12-11', noStop: true }),
  ...reasoning('o3-mini', '2025-01-31', O_SERIES, {
    shutdown: '2026-10-23',
    noParallel: true,
    noImages: true,
  }),
  ...reasoning('o4-mini', '2025-04-16', O_SERIES, { shutdown: '2026-10-23', noStop: true }),
  ...reasoning('gpt-5', '2025-08-07', GPT_5, { ...FIXED, shutdown: '2026-12-11' }),
  ...reasoning('gpt-5-mini', '2025-08-07', GPT_5, { ...FIXED, shutdown: '2026-12-11' }),
  ...reasoning('gpt-5-nano', '2025-08-07', GPT_5, { ...FIXED, shutdown: '2026-12-11' }),
  ...reasoning('gpt-5.1', '2025-11-13', GPT_5_1, { ...IFF_NONE, shutdown: '2027-04-01' }),
  ...reasoning('gpt-5.2', '2025-12-11', GPT_5_2, IFF_NONE),
  ...reasoning('gpt-5.4', '2026-03-05', GPT_5_2, TOOLS_IFF_NONE),
  ...reasoning('gpt-5.4-mini', '2026-03-17', GPT_5_2, TOOLS_IFF_NONE),
  ...reasoning('gpt-5.4-nano', '2026-03-17', GPT_5_2, { ...TOOLS_IFF_NONE, shutdown: '2027-04-01' }),
  ...reasoning('gpt-5.5', '2026-04-23', GPT_5_5, TOOLS_IFF_NONE),
  ...reasoning('gpt-5.6-sol', '2026-07-09', GPT_5_6, TOOLS_IFF_NONE),
  ...reasoning('gpt-5.6', '', GPT_5_6, TOOLS_IFF_NONE).map((alias) => ({
    ...alias,
    snapshot: 'gpt-5.6-sol-2026-07-09',
  })),
  ...reasoning('gpt-5.6-terra', '2026-07-09', GPT_5_6, TOOLS_IFF_NONE),
  ...reasoning('gpt-5.6-luna', '2026-07-09', GPT_5_6, TOOLS_IFF_NONE),
  ...reasoning('gpt-6-sol', '', GPT_5_6, TOOLS_IFF_NONE),
  ...reasoning('gpt-6-luna', '', GPT_5_6, TOOLS_IFF_NONE),
  ...reasoning('gpt-6-astra', '2026-09-03', ASTRA, NO_TOOLS),
  ...reasoning('gpt-6.1-sol', '2026-09-29', SOL_6_1, NO_TOOLS),
  ...reasoning('gpt-6.1-terra', '2026-09-29', SOL_6_1, NO_TOOLS),

  ...only('search', ['gpt-5-search-api']),
  ...only('search', ['gpt-4o-search-preview', 'gpt-4o-mini-search-preview'], '2026-07-23'),
  ...only('audio', ['gpt-audio-1.5']),
  ...only('audio', ['gpt-audio', 'gpt-audio-mini'], '2027-01-20'),
  ...only('audio', ['gpt-4o-audio-preview', 'gpt-4o-mini-audio-preview'], '2026-05-07'),
  ...only('responses', ['o3-pro'], '2026-12-11'),
  ...only('responses', ['o1-pro', 'gpt-5-pro', 'gpt-5.2-pro', 'gpt-5.4-pro', 'gpt-5.5-pro']),
  ...only('responses', ['o3-deep-research', 'o4-mini-deep-research'], '2026-07-23'),
  ...only('embedding', ['text-embedding-3-small', 'text-embedding-3-large', 'text-embedding-ada-002']),
  ...only('moderation', ['omni-moderation-latest']),
  ...only('image', ['gpt-image-2', 'gpt-image-2.5-sunburst', 'gpt-image-2.5-flare']),
  ...only('image', ['gpt-image-1.5', 'gpt-image-1-mini'], '2026-12-01'),
  ...only('realtime', ['gpt-realtime-2.1', 'gpt-realtime-2.1-mini', 'gpt-realtime-2', 'gpt-realtime-1.5']),
  ...only('transcription', ['gpt-transcribe']),
  ...only('transcription', ['whisper-1', 'gpt-4o-transcribe', 'gpt-4o-mini-transcribe'], '2027-02-26'),
  ...only('transcription', ['gpt-4o-transcribe-diarize'], '2027-02-26'),
  ...only('speech', ['tts-1', 'tts-1-hd', 'gpt-4o-mini-tts'], '2027-01-06'),
  ...only('realtime', ['gpt-4o-realtime-preview', 'gpt-4o-mini-realtime-preview'], '2026-05-07'),
]

export const MODELS: ReadonlyMap<string, Model> = new Map(ROWS.map((row) => [row.id, row]))

/** A fine-tune behaves as its base: `ft:base:org:suffix:id`, openai.md 2.1. */
export function modelNamed(id: string): Model | undefined {
  const base = id.startsWith('ft:') ? MODELS.get(id.split(':')[1] ?? '') : MODELS.get(id)
  return base === undefined || base.id === id ? base : { ...base, id, snapshot: id }
}

export function isShut(model: Model, today: string): boolean {
  return model.shutdown !== undefined && model.shutdown <= today
}
