import { GatewayError } from '../errors.ts'

const shown = (id: string): string => id.slice(0, 128)

/** OpenAI's own words, whether it never was, is gone, or is another tenant's. */
export function notFound(id: string): GatewayError {
  return new GatewayError('response_not_found', `Response with id '${shown(id)}' not found.`, {
    retry: false,
    upstream: { status: 404, type: undefined, code: null },
  })
}

export function previousNotFound(id: string): GatewayError {
  const message = `Previous response with id '${shown(id)}' not found.`
  return new GatewayError('previous_response_not_found', message, {
    param: 'previous_response_id',
    retry: false,
  })
}

/** The state lies at one provider, and the model at another. */
export function madeElsewhere(id: string): GatewayError {
  const message = `Previous response with id '${shown(id)}' was made at another provider: go on with a model of the same, or send its items as input.`
  return new GatewayError('invalid_value', message, { param: 'previous_response_id', retry: false })
}

/** Whoever knows its id reads a conversation, and goes on with it. */
export function sharedConversation(): GatewayError {
  const message =
    'Conversations lie at an account that several tenants share, so none may be named here: use previous_response_id, or a provider key of your own.'
  return new GatewayError('not_allowed', message, { param: 'conversation', retry: false })
}
