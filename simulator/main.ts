import { parseArgs } from 'node:util'
import { createSimulator } from './index.ts'
import { serve } from './server.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8788' },
    host: { type: 'string', default: '127.0.0.1' },
    canned: { type: 'boolean', default: false },
  },
})
const { origin } = await serve(createSimulator({ canned: values.canned }), {
  port: Number(values.port),
  host: values.host,
})
console.log(`simulator: OpenAI at ${origin}/v1, Gemini at ${origin} (/v1beta), control at ${origin}/__sim`)
