import { describe, expect, it } from 'vitest'
import { loadConfig } from '../../../src/config/load.ts'
import { GatewayError } from '../../../src/errors.ts'
import { cacheAsks } from '../../../src/http/cache-directives.ts'

const asks = (ours?: string, standard?: string) =>
  cacheAsks(
    new Headers({
      ...(ours !== undefined && { 'x-gateway-cache': ours }),
      ...(standard !== undefined && { 'cache-control': standard }),
    }),
  )

function thrownBy(work: () => unknown): GatewayError {
  try {
    work()
  } catch (thrown) {
    if (thrown instanceof GatewayError) return thrown
  }
  throw new Error('no GatewayError was thrown')
}

describe('directives', () => {
  it.each([
    ['ttl=60', undefined, { on: true, ttlSeconds: 60, read: true, write: true }],
    [' ON ', undefined, { on: true, ttlSeconds: undefined }],
    ['refresh, ttl=5', undefined, { on: true, read: false, write: true, ttlSeconds: 5 }],
    ['bypass', undefined, { on: false, bypass: true, read: false, write: false }],
    ['only-if-cached', undefined, { on: true, onlyIfCached: true }],
    [undefined, 'no-cache', { on: false, read: false, write: true }],
    [undefined, 'no-store', { on: false, read: true, write: false }],
    [undefined, 'max-age=5, no-transform, private="x"', { maxAgeSeconds: 5, read: true }],
    [undefined, 'foo=1, foo=2, max-age=5', { maxAgeSeconds: 5 }],
    [undefined, 'max-age=99999999999999999999', { maxAgeSeconds: 2_147_483_648 }],
    ['on', 'max-stale', { maxStaleSeconds: Infinity }],
    ['on', 'max-stale=9, min-fresh="3"', { maxStaleSeconds: 9, minFreshSeconds: 3 }],
  ])('%s and %s', (ours, standard, expected) => {
    expect(asks(ours, standard)).toMatchObject(expected)
  })

  it('are absent', () => {
    expect(asks()).toBeUndefined()
  })

  it.each([
    ['bypass, ttl=60', undefined, 'x-gateway-cache'],
    ['bypass, refresh', undefined, 'x-gateway-cache'],
    ['bypass', 'only-if-cached', 'x-gateway-cache'],
    ['refresh, only-if-cached', undefined, 'x-gateway-cache'],
    ['ttl=60', 'no-store', 'x-gateway-cache'],
    ['only-if-cached', 'no-cache', 'x-gateway-cache'],
    [undefined, 'no-cache, only-if-cached', 'cache-control'],
    ['ttl=60, ttl=61', undefined, 'x-gateway-cache'],
    [undefined, 'max-age=1, max-age=2', 'cache-control'],
    ['ttl', undefined, 'x-gateway-cache'],
    ['ttl=0', undefined, 'x-gateway-cache'],
    ['ttl=-5', undefined, 'x-gateway-cache'],
    ['ttl=2592001', undefined, 'x-gateway-cache'],
    ['ttl=1e3', undefined, 'x-gateway-cache'],
    ['refresh=1', undefined, 'x-gateway-cache'],
    ['yes', undefined, 'x-gateway-cache'],
    [undefined, 'max-age=soon', 'cache-control'],
    [undefined, 'max-age', 'cache-control'],
  ])('%s and %s are refused', (ours, standard, header) => {
    const error = thrownBy(() => asks(ours, standard))
    expect(error).toMatchObject({ code: 'invalid_header', detail: { param: header } })
    expect(error.message).toContain(`'${header}'`)
  })
})

describe('a route with a cache', () => {
  const file = { routes: { faq: { targets: [{ model: 'gpt-4o-mini' }], cache: { ttlSeconds: 60 } } } }

  it('needs the secret', () => {
    expect(() => loadConfig(file, {})).toThrow(/routes\.faq\.cache: .*GATEWAY_SECRET/)
    expect(loadConfig(file, { GATEWAY_SECRET: 'x'.repeat(32) }).routes['faq']?.cache).toEqual({
      ttlSeconds: 60,
      failover: false,
    })
  })

  it('has a time within bounds', () => {
    for (const ttlSeconds of [0, 1.5, 2_592_001]) {
      const bad = { routes: { faq: { ...file.routes.faq, cache: { ttlSeconds } } } }
      expect(() => loadConfig(bad, { GATEWAY_SECRET: 'x'.repeat(32) })).toThrow('routes.faq.cache.ttlSeconds')
    }
  })
})
