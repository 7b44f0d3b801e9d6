import type { ImagesRequest } from '../../protocol/images.ts'
import { leaveOut, leaveOutOthers, type Notepad, unsupportedValue } from './draft.ts'
import { traitsOf } from './model.ts'

interface ImageConfig {
  readonly aspectRatio?: string
  readonly imageSize?: string
}

/** OpenAI's sizes by ratio and size class (gemini.md 6.4). */
const SIZES: Readonly<Record<string, ImageConfig>> = {
  auto: {},
  '1024x1024': { aspectRatio: '1:1' },
  '1536x1024': { aspectRatio: '3:2' },
  '1024x1536': { aspectRatio: '2:3' },
  '1792x1024': { aspectRatio: '16:9' },
  '1024x1792': { aspectRatio: '9:16' },
  '2048x2048': { aspectRatio: '1:1', imageSize: '2K' },
  '4096x4096': { aspectRatio: '1:1', imageSize: '4K' },
}
/** The first generation that makes more than one size. */
const CHOOSES_SIZE = 3
const READ: ReadonlySet<string> = new Set([
  'model',
  'prompt',
  'n',
  'size',
  'quality',
  'response_format',
  'background',
  'stream',
])
/** Values that ask for what is done anyway. */
const SAYS_NOTHING: ReadonlySet<unknown> = new Set([undefined, null, 'auto', 'standard'])
const FINE: ReadonlySet<unknown> = new Set(['high', 'hd', 'xhigh', 'max'])

/** What a request asks of the picture. Throws `GatewayError` for what cannot be made. */
export function imageConfig(request: ImagesRequest, draft: Notepad): ImageConfig {
  if (request.response_format === 'url') {
    const message = "'response_format' must be b64_json with this model: the gateway does not host pictures."
    throw unsupportedValue('response_format', message)
  }
  if (request.background === 'transparent')
    throw unsupportedValue('background', "'background' cannot be transparent with this model.")
  const { moderation, partial_images: partial, ...others } = request
  if (!SAYS_NOTHING.has(moderation)) leaveOut(draft, 'moderation')
  if (!SAYS_NOTHING.has(partial) && partial !== 0) leaveOut(draft, 'partial_images')
  leaveOutOthers(draft, others, READ)
  const sizes = traitsOf(draft.context.target.model).generation >= CHOOSES_SIZE
  return withQuality(sizeOf(request.size ?? 'auto', sizes), request, draft, sizes)
}

function sizeOf(size: string, sizes: boolean): ImageConfig {
  const config = Object.hasOwn(SIZES, size) ? SIZES[size] : undefined
  if (config !== undefined && (sizes || config.imageSize === undefined)) return config
  const possible = Object.entries(SIZES).filter(([, each]) => sizes || each.imageSize === undefined)
  const names = possible.map(([name]) => name).join(', ')
  throw unsupportedValue('size', `'size' must be one of ${names} with this model.`)
}

/** The finest quality is a larger picture; the others are left to the model. */
function withQuality(
  config: ImageConfig,
  { quality }: ImagesRequest,
  draft: Notepad,
  sizes: boolean,
): ImageConfig {
  if (SAYS_NOTHING.has(quality)) return config
  if (sizes && FINE.has(quality) && config.imageSize === undefined) {
    draft.adapted.add('quality=2K')
    return { ...config, imageSize: '2K' }
  }
  leaveOut(draft, 'quality')
  return config
}
