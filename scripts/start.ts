import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { serve } from '../simulator/server.ts'
import { createSimulator } from '../simulator/index.ts'
import { orSayWhy } from './compile-config.ts'
import { generate } from './generate.ts'

/** `npm start`: a gateway on this machine, with the real providers where there are keys, else with the simulator. */
const PORT = process.env['PORT'] ?? '8787'
const KEYS = ['OPENAI_API_KEY', 'GEMINI_API_KEY'] as const

const settings: NodeJS.Dict<string> = { ...readDevVars(), ...process.env }
const held = KEYS.filter((name) => (settings[name] ?? '').trim() !== '')

orSayWhy(generate)
const variables: Record<string, string> = { ALLOW_ANONYMOUS: 'true' }
if (held.length === 0) {
  const simulator = await serve(createSimulator(), { port: 0 })
  Object.assign(variables, {
    OPENAI_BASE_URL: `${simulator.origin}/v1`,
    GEMINI_BASE_URL: simulator.origin,
    OPENAI_API_KEY: 'sk-simulator',
    GEMINI_API_KEY: 'simulator',
    FETCH_ALLOW_HOSTS: new URL(simulator.origin).host,
  })
} else {
  for (const name of held) if (process.env[name] !== undefined) variables[name] = process.env[name]
  for (const name of ['OPENAI_BASE_URL', 'GEMINI_BASE_URL'])
    if (settings[name] !== undefined) variables[name] = settings[name]
}

const worker = spawn(
  'wrangler',
  [
    'dev',
    '--port',
    PORT,
    '--inspector-port',
    '0',
    '--show-interactive-dev-session=false',
    ...Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
)
announceWhenReady(worker)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => worker.kill(signal))
worker.on('exit', (code) => process.exit(code ?? 0))

function announceWhenReady(child: ChildProcess): void {
  let announced = false
  child.stdout?.on('data', (chunk: Buffer) => {
    const text = chunk.toString()
    if (!announced && text.includes('Ready on')) {
      announced = true
      announce()
    }
    if (/\b(?:ERROR|Error|error)\b/.test(text)) process.stderr.write(text)
  })
}

function announce(): void {
  const from =
    held.length === 0
      ? 'No provider key was found, so it answers from the provider SIMULATOR: nothing leaves this machine, and the answers are made up.\nSet OPENAI_API_KEY or GEMINI_API_KEY in .dev.vars or the environment to talk to the real providers.'
      : `It talks to the real providers with your ${held.join(' and ')}.`
  console.log(`
LLM Gateway is ready on http://localhost:${PORT}/v1
${from}

Try it:

  curl http://localhost:${PORT}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]}'

then the same with "gemini-2.5-flash", or with "stream": true.
`)
}

function readDevVars(): NodeJS.Dict<string> {
  return existsSync('.dev.vars') ? parseEnv(readFileSync('.dev.vars', 'utf8')) : {}
}
