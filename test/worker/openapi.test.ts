import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import openapi from '../../schema/openapi.json' with { type: 'json' }
import { createApp } from '../../src/app.ts'
import { servicesFor } from '../../src/live-services.ts'
import { bench, expectMarked, GATEWAY } from './support.ts'

const METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])

test('the description has every route, and no other', () => {
  const { routes } = createApp(() => servicesFor(env, () => undefined))
  const exist = routes
    .filter(({ method, path }) => METHODS.has(method) && !path.endsWith('*'))
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)(?:\{[^}]*\})?/g, '{$1}')}`)
  const described = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect([...new Set(exist)].sort()).toEqual(described.sort())
})

test('it is served to everybody', async () => {
  const response = await bench().fetch(new Request(`${GATEWAY}/openapi.json`))
  expect(response.status).toBe(200)
  expectMarked(response)
  expect(await response.json()).toMatchObject({ openapi: '3.1.0' })
})

test('under /admin nothing is open, described or not', async () => {
  const { fetch } = bench()
  for (const path of Object.keys(openapi.paths).filter((each) => each.startsWith('/admin')))
    for (const method of METHODS)
      expect((await fetch(new Request(GATEWAY + path.replaceAll(/[{}]/g, ''), { method }))).status).toBe(503)
})
