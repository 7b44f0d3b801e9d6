import { readBytes } from '../../lib/read-body.ts'
import { isRecord } from '../../protocol/guards.ts'
import type { Failure } from '../../providers/failure.ts'
import type { Provider } from '../../providers/provider.ts'
import { GARBLED } from './failure-of.ts'

const MAX_ERROR_BYTES = 262_144

/** Reads an error answer in the provider's way. */
export async function readFailure(response: Response, provider: Provider): Promise<Failure> {
  const text = await readText(response)
  return provider.classify(response.status, response.headers, parseJson(text) ?? text)
}

/** Something else came than was asked for: an error, which is read although the status says 200, or garbage. */
export async function readUnexpected(response: Response, provider: Provider): Promise<Failure> {
  const body = parseJson(await readText(response))
  return isRecord(body) && isRecord(body['error']) ? provider.classify(200, response.headers, body) : GARBLED
}

async function readText(response: Response): Promise<string> {
  return new TextDecoder().decode(await readBytes(response, MAX_ERROR_BYTES).catch(() => new Uint8Array()))
}

/** Undefined if the text is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
