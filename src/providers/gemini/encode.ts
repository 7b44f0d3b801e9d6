import type { ChatRequest } from '../../protocol/chat.ts'
import type { CodecContext, Upstream } from '../provider.ts'
import type { Draft } from './draft.ts'
import type { Extensions } from './extensions.ts'
import { readExtensions } from './extensions.ts'
import { generationConfig } from './generation.ts'
import { encodeMessages } from './messages.ts'
import { modelPath, traitsFor } from './model.ts'
import { checkParameters, serviceTier } from './parameters.ts'
import { planTools } from './plan.ts'
import { invalidValue } from './read.ts'
import type { EncodedTools } from './tools.ts'
import { encodeTools } from './tools.ts'
import type { GenerateContentRequest } from './wire.ts'

/** A chat request as Google's `generateContent` (gemini.md 4). Throws `GatewayError` for what cannot be honoured. */
export function encodeChat(request: ChatRequest, context: CodecContext): Upstream {
  const draft: Draft = { request, context, traits: traitsFor(context), adapted: new Set() }
  checkParameters(draft)
  const body = encodeBody(draft)
  const method = request.stream === true ? 'streamGenerateContent?alt=sse' : 'generateContent'
  return {
    path: `/v1beta/${modelPath(context.target.model)}:${method}`,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
    adapted: [...draft.adapted],
  }
}

function encodeBody(draft: Draft): GenerateContentRequest {
  const plan = planTools(draft.request, draft.traits)
  const extensions = readExtensions(draft)
  const conversation = encodeMessages(draft, plan)
  const tools = withRetrieval(encodeTools(draft, plan, conversation.called), extensions)
  const config = generationConfig(draft, plan, extensions)
  const tier = serviceTier(draft)
  const { cachedContent, safetySettings, continuationToken } = extensions
  if (cachedContent !== undefined && (conversation.system.length > 0 || tools.tools !== undefined)) {
    throw invalidValue(
      'google.cached_content',
      'A request that names cached content cannot have system messages or tools.',
    )
  }
  // Instructions and tools first: the longer two requests are alike, the more Google's cache can serve.
  return {
    ...(conversation.system.length > 0 && { systemInstruction: { parts: conversation.system } }),
    ...tools,
    contents: conversation.contents,
    ...(Object.keys(config).length > 0 && { generationConfig: config }),
    ...(safetySettings !== undefined && { safetySettings }),
    ...(cachedContent !== undefined && { cachedContent }),
    ...(continuationToken !== undefined && { continuationToken }),
    ...(tier !== undefined && { serviceTier: tier }),
  }
}
function withRetrieval(tools: EncodedTools, { retrievalConfig }: Extensions): EncodedTools {
  return retrievalConfig === undefined
    ? tools
    : { ...tools, toolConfig: { ...tools.toolConfig, retrievalConfig } }
}
