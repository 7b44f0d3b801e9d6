/** A made-up embedding: of length 1, the same for the same text, and unlike that of any other. */
export function vectorOf(text: string, dimensions: number): number[] {
  let state = 2_166_136_261
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 16_777_619)
  const values = Array.from({ length: dimensions }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32 - 0.5
  })
  const length = Math.hypot(...values)
  return values.map((value) => value / length)
}
