import type { EndpointId } from './index.ts'

/** The fields that limit the length of an answer, the usual one first. */
export const OUTPUT_FIELDS: { readonly [E in EndpointId]?: readonly string[] } = {
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  completions: ['max_tokens'],
}
