import { describe, expect, test } from 'vitest'
import { inBlocks, isCidr } from '../../../src/lib/cidr.ts'

describe('a block of addresses', () => {
  test.each([
    ['192.0.2.7', '192.0.2.0/24', true],
    ['192.0.3.7', '192.0.2.0/24', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.8', '192.0.2.7', false],
    ['255.255.255.255', '0.0.0.0/0', true],
    ['192.0.2.129', '192.0.2.128/25', true],
    ['192.0.2.127', '192.0.2.128/25', false],
    ['2001:db8::1', '2001:db8::/32', true],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
    ['2001:db9::1', '2001:db8::/32', false],
    ['::1', '::/0', true],
    ['::ffff:192.0.2.7', '192.0.2.0/24', true],
    ['192.0.2.7', '::/0', false],
    ['2001:db8::1', '0.0.0.0/0', false],
    ['', '0.0.0.0/0', false],
    ['unknown', '::/0', false],
  ])('%s in %s: %s', (address, block, is) => {
    expect(inBlocks(address, [block])).toBe(is)
    expect(inBlocks(address, ['203.0.113.0/24', block])).toBe(is)
  })

  test.each([
    '192.0.2.0/33',
    '192.0.2/24',
    '192.0.2.256',
    '01.0.0.0/8',
    '2001:db8::/129',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    'g::1',
    '192.0.2.0/',
    '/24',
    '',
  ])('%j is none', (text) => {
    expect(isCidr(text)).toBe(false)
  })
})
