import type { Json } from '../json.ts'
import type { Script } from '../script.ts'

/** gemini.md 3.4: offsets count UTF-8 bytes, and a start of 0 is left out. */
export function grounding(script: Script, text: string): Json | undefined {
  if (script.grounding === undefined || script.grounding === false) return undefined
  if (script.grounding !== true) return script.grounding
  const words = text.split(' ')
  const first = words[0] ?? ''
  const bytes = (part: string): number => new TextEncoder().encode(part).length
  return {
    webSearchQueries: ['sample query'],
    searchEntryPoint: { renderedContent: '<div>sample query</div>' },
    groundingChunks: [
      {
        web: {
          uri: 'https://vertexaisearch.cloud.google.com/grounding-api-redirect/one',
          title: 'example.com',
        },
      },
      {
        web: {
          uri: 'https://vertexaisearch.cloud.google.com/grounding-api-redirect/two',
          title: 'example.org',
        },
      },
    ],
    groundingSupports: [
      { segment: { endIndex: bytes(first), text: first }, groundingChunkIndices: [0] },
      {
        segment: { startIndex: bytes(first) + 1, endIndex: bytes(text), text: text.slice(first.length + 1) },
        groundingChunkIndices: [0, 1],
      },
    ],
  }
}
