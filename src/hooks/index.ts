import type { Hook } from './hook.ts'
import { metadataTags } from './metadata-tags.ts'

/** Every hook, in the order in which they run. An empty table costs nothing. */
export const hooks: readonly Hook[] = [metadataTags]
