import type { ClientSecretWire } from '../../protocol/client-secrets.ts'
import type { Passthrough } from '../provider.ts'
import { commonChanges, patchOf } from './patch.ts'

/** The model stands in the session. */
export const clientSecrets: Passthrough<ClientSecretWire> = {
  kind: 'passthrough',
  path: '/realtime/client_secrets',
  patch(request, context) {
    const changes = commonChanges(request, context)
    const { model, ...set } = changes.set
    const session = model === undefined ? {} : { session: { ...request.session, model } }
    return patchOf({ ...changes, set: { ...set, ...session } })
  },
}
