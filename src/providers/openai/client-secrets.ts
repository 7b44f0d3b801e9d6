import type { ClientSecretWire } from '../../protocol/client-secrets.ts'
import type { Passthrough } from '../provider.ts'
import { commonChanges, patchOf } from './patch.ts'

/** The model stands in the session, which is written anew: the gateway has read one model in it, and so shall OpenAI. */
export const clientSecrets: Passthrough<ClientSecretWire> = {
  kind: 'passthrough',
  path: '/realtime/client_secrets',
  patch(request, context) {
    const changes = commonChanges(request, context)
    const { model = request.session?.['model'], ...set } = changes.set
    const session = model === undefined ? {} : { session: { ...request.session, model } }
    return patchOf({ ...changes, set: { ...set, ...session } })
  },
}
