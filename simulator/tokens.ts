/** A plain estimate, the same for both providers: four code points a token, at least one for any text. */
export function tokensOf(text: string): number {
  if (text === '') return 0
  return Math.max(1, Math.ceil(codePoints(text) / 4))
}

function codePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** The longest prefix that costs no more than `tokens`; never splits a code point. */
export function cutToTokens(text: string, tokens: number): string {
  return tokensOf(text) <= tokens
    ? text
    : Array.from(text)
        .slice(0, tokens * 4)
        .join('')
}

/** Cut into deltas at word ends, so that joining them gives the text back. */
export function pieces(text: string): string[] {
  return text.match(/\S*\s*/g)?.filter((piece) => piece !== '') ?? []
}

/** Bytes behind a base64 text, without decoding it. */
export function base64Bytes(data: string): number {
  const bare = data.replaceAll(/[\s=]/g, '')
  return Math.floor((bare.length * 3) / 4)
}
