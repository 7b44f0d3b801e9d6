import { GatewayError } from '../errors.ts'
import { base64Head } from '../lib/base64.ts'
import type { MediaReference } from '../protocol/endpoint.ts'
import { SNIFF_BYTES, sniff } from './sniff.ts'

/** `data:[type][;parameters][;base64],` up to the comma; a header is short, so the pattern never scans the data. */
const HEADER = /^data:([^,;]{0,128})((?:;[^,;]{0,128}){0,8}),/

/** Refuses an inline image whose bytes are no image, whatever its label says (security.md U-11). No provider takes one that is not base64. */
export function checkInlineImage({ url, param, kind }: MediaReference): void {
  if (kind !== 'image' || !url.startsWith('data:')) return
  const [header, , parameters] = HEADER.exec(url.slice(0, 1_200)) ?? []
  if (header === undefined) throw invalid(param, 'it is not a valid data URL')
  if (!/;base64$/i.test(parameters ?? '')) throw invalid(param, 'its data is not base64')
  const head = base64Head(url.slice(header.length, header.length + 64), SNIFF_BYTES)
  if (head === undefined) throw invalid(param, 'its data is not valid base64')
  if (sniff(head)?.startsWith('image/') !== true)
    throw invalid(param, 'its bytes are not an image (png, jpeg, gif, webp, heic)')
}

function invalid(param: string, reason: string): GatewayError {
  return new GatewayError('invalid_image', `The image cannot be used: ${reason}.`, { param })
}
