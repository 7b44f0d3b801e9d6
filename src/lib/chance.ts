/** The two things the pure core may not reach for itself. */
export interface Chance {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Uniform in [0, 1). */
  random(): number
}

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** `length` characters of base 62; 24 carry 142 bits, enough to be unique in any conversation. */
export function randomText(chance: Chance, length = 24): string {
  let text = ''
  for (let i = 0; i < length; i++) text += ALPHABET[Math.floor(chance.random() * ALPHABET.length)]
  return text
}
