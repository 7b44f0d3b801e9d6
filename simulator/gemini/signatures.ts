/** gemini.md 4.6: accepted on calls that never had a signature. */
const SENTINELS: readonly string[] = [
  'skip_thought_signature_validator',
  'context_engineering_is_the_way_to_go',
]

/** Real ones run to kilobytes; long enough to notice a cut. */
const PADDING = 96

/** Opaque to everyone but the simulator: who made it, a nonce, and a checksum that notices one changed character. */
export function sign(family: string, random: () => number): string {
  let nonce = ''
  while (nonce.length < PADDING) nonce += Math.floor(random() * 36).toString(36)
  const body = `${family}|${nonce}`
  return btoa(`${body}|${checksum(body)}`)
}

type Verdict = 'good' | 'corrupted'

export function verify(signature: string, family: string): Verdict {
  if (SENTINELS.includes(signature)) return 'good'
  const parts = decode(signature).split('|')
  const [maker, nonce, sum] = parts
  if (parts.length !== 3 || maker === undefined || nonce === undefined) return 'corrupted'
  return maker === family && sum === checksum(`${maker}|${nonce}`) ? 'good' : 'corrupted'
}

function decode(signature: string): string {
  try {
    return atob(signature.replaceAll('-', '+').replaceAll('_', '/'))
  } catch {
    return ''
  }
}

/** FNV-1a. */
function checksum(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
