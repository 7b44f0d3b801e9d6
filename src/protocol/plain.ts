import type { Endpoint, Feature, Observer, Wire } from './endpoint.ts'
import { dataFrame, jsonBytes, topLevelError } from './frames.ts'

const NO_FEATURES: ReadonlySet<Feature> = new Set()

/** What holds for an endpoint that never streams, and whose requests hold neither media nor special needs. */
export const plain = {
  doneMarker: false,
  answer: () => 'json',
  features: () => NO_FEATURES,
  media: () => [],
  bytesOf: jsonBytes,
  observe: noEvents,
  frame: dataFrame,
  errorIn: topLevelError,
  errorFrame: (body) => dataFrame(body, JSON.stringify(body)),
  trim: () => undefined,
} as const satisfies Partial<Endpoint<Wire>>

function noEvents(): Observer<object> {
  return {
    see() {
      throw new TypeError('This endpoint has no events.')
    },
    started: false,
    complete: false,
    usage: undefined,
    served: {},
  }
}
