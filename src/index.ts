import { createApp } from './app.ts'
import { servicesFor } from './services.ts'

export { KeyIndex } from './keys/key-index.ts'
export { KeyObject } from './keys/key-object.ts'
export default createApp(servicesFor)
