/** A block of addresses: `192.0.2.0/24`, `2001:db8::/32`, or one address alone. */
interface Block {
  readonly bits: bigint
  readonly width: 32 | 128
  readonly prefix: number
}
type Address = Omit<Block, 'prefix'>

/** Whether a text is a block that an address can be in. */
export const isCidr = (text: string): boolean => blockOf(text) !== undefined

/** Whether an address is in one of the blocks; what is no address is in none. */
export function inBlocks(address: string, blocks: readonly string[]): boolean {
  const given = addressOf(address)
  return (
    given !== undefined &&
    blocks.some((text) => {
      const block = blockOf(text)
      if (block === undefined || block.width !== given.width) return false
      const rest = BigInt(block.width - block.prefix)
      return block.bits >> rest === given.bits >> rest
    })
  )
}

function blockOf(text: string): Block | undefined {
  const [, address = '', length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const known = addressOf(address)
  if (known === undefined) return undefined
  const prefix = length === undefined ? known.width : Number(length)
  return prefix <= known.width ? { ...known, prefix } : undefined
}

function addressOf(text: string): Address | undefined {
  if (!text.includes(':')) return fourOf(text)
  const six = sixOf(text)
  // An IPv4 address in IPv6's clothes (RFC 4291, 2.5.5.2) is that IPv4 address.
  return six !== undefined && six >> 32n === 0xffffn
    ? { bits: six & 0xffffffffn, width: 32 }
    : six === undefined
      ? undefined
      : { bits: six, width: 128 }
}

function fourOf(text: string): Address | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return { bits: parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n), width: 32 }
}

function sixOf(text: string): bigint | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map(groupsOf)
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...Array.from({ length: missing }, () => 0n), ...(tail ?? [])]
  return groups.reduce((bits, group) => (bits << 16n) | group, 0n)
}

/** Groups of sixteen bits; the last two may be written as an IPv4 address. */
function groupsOf(text: string): readonly bigint[] | undefined {
  if (text === '') return []
  const groups: bigint[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    const four = at === parts.length - 1 ? fourOf(part) : undefined
    if (four !== undefined) groups.push(four.bits >> 16n, four.bits & 0xffffn)
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(BigInt(`0x${part}`))
    else return undefined
  }
  return groups
}
