import { isRecord } from '../protocol/guards.ts'
import type { ResponseObject } from '../protocol/responses.ts'

/** Whether an answer is one that can be kept, and told about. */
export function isResponse(value: unknown): value is ResponseObject {
  return isRecord(value) && typeof value['id'] === 'string' && Array.isArray(value['output'])
}
