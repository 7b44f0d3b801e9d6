import OpenAI, { type ClientOptions } from 'openai'
import type { RunningGateway } from './gateway.ts'

/** The official client, pointed at the gateway; no retries unless a test asks for them. */
export function openaiClient(gateway: RunningGateway, options: ClientOptions = {}): OpenAI {
  return new OpenAI({ baseURL: `${gateway.origin}/v1`, apiKey: 'anyone', maxRetries: 0, ...options })
}

export function user(content: string): OpenAI.ChatCompletionUserMessageParam {
  return { role: 'user', content }
}
