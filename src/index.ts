import { createApp } from './app.ts'
import { servicesFor } from './services.ts'

export default createApp(servicesFor)
export { HealthRegistry } from './health-object.ts'
export { ResponseStore } from './responses/object.ts'
