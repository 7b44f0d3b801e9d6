/** A push-style event mapper: its own state, no I/O, nothing allocated but what it emits. */
export interface Decoder<In, Out> {
  push(event: In, emit: (out: Out) => void): void
  /** The upstream ended. Emits what is still owed; throws if the stream was cut short. */
  end(emit: (out: Out) => void): void
}
