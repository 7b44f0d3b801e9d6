import { expect, test } from 'vitest'
import { createAuthenticator } from '../../src/keys/authenticate.ts'
import { createStrangers } from '../../src/keys/strangers.ts'

const timers = { now: () => 0 }
const DEPLOYMENT = {
  gatewayKeys: [],
  gatewaySecret: undefined,
  allowAnonymous: false,
  adminSecret: undefined,
  runtimeConfig: false,
}
const authenticator = createAuthenticator(
  {
    deployment: DEPLOYMENT,
    ring: undefined,
    strangers: createStrangers(timers),
    timers,
  },
  { holdsProviderKeys: false, keyMode: 'client', brings: true },
)
async function tenantOf(headers: Record<string, string>): Promise<string> {
  const { principal } = await authenticator.authenticate(new Headers(headers), () => undefined)
  return principal.tenant
}
const placeholder = { authorization: 'Bearer none' }

test('callers who send the same placeholder beside provider keys of their own are strangers to each other', async () => {
  const mine = await tenantOf({ ...placeholder, 'x-goog-api-key': 'AIzaMine' })
  expect(mine).not.toBe(await tenantOf({ ...placeholder, 'x-goog-api-key': 'AIzaTheirs' }))
  expect(mine).not.toBe(await tenantOf(placeholder))
  expect(mine).toBe(await tenantOf({ ...placeholder, 'x-goog-api-key': 'AIzaMine' }))
})

test('a provider key is the same caller whichever header it stands in, in whatever order', async () => {
  const [a, b] = [{ 'x-openai-api-key': 'sk-a' }, { 'x-goog-api-key': 'AIzaB' }]
  expect(await tenantOf(a)).toBe(await tenantOf({ authorization: 'Bearer sk-a' }))
  expect(await tenantOf({ ...a, ...b })).toBe(
    await tenantOf({ 'x-gateway-provider-key': 'gemini:AIzaB,openai:sk-a' }),
  )
})
