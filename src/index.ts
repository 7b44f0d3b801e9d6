import { createApp } from './app.ts'
import { HEALTH_NAME } from './health-object.ts'
import { servicesFor } from './live-services.ts'

export { AdminLog } from './admin/log-object.ts'
export { ConfigStore } from './config-object.ts'
export { HealthRegistry } from './health-object.ts'
export { KeyIndex } from './keys/object/key-index.ts'
export { KeyObject } from './keys/object/key-object.ts'
export { UsageLedger } from './usage-object.ts'
export { ResponseStore } from './responses/object.ts'

const app = createApp(servicesFor)

export default {
  fetch: app.fetch,
  /** Every minute: arms the health object's 30-second tick if it was lost, and is proof that monitoring lives. */
  async scheduled(_controller, env) {
    await env.HEALTH.getByName(HEALTH_NAME).ensureTick()
  },
} satisfies ExportedHandler<Env>
