import { createApp } from './app.ts'
import { servicesFor } from './services.ts'

export default createApp(servicesFor)
export { HealthRegistry } from './health-object.ts'
export { KeyIndex } from './keys/key-index.ts'
export { KeyObject } from './keys/key-object.ts'
