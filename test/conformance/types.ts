export type Outcome =
  /** Sent as it came. */
  | 'relayed'
  /** Said in the provider's own words; it means the same. */
  | 'translated'
  /** Changed or left out, and listed in `x-gateway-adapted`; refused in strict mode. */
  | 'adapted'
  /** Answered with a 400 that names it. */
  | 'refused'
  /** The provider has no such thing: a 404 names the endpoints that serve the model. */
  | 'absent'

/** What becomes of a parameter or behaviour at one provider, and the ids of the tests that prove it. */
export interface Cell {
  readonly outcome: Outcome
  readonly note: string
  readonly tests: readonly string[]
}
export interface Row {
  readonly what: string
  /** Absent where the row is of the other provider alone. */
  readonly openai?: Cell
  readonly gemini?: Cell
}
export interface Section {
  readonly title: string
  readonly rows: readonly Row[]
}

/** A bug of another gateway, or a trap of the API: a test proves that it is not here, or it cannot be. */
export interface Line {
  readonly what: string
  readonly tests?: readonly string[]
  readonly notApplicable?: string
}
/** Numbered as its id says: `known-bug 7`. */
export interface Family {
  readonly title: string
  readonly prefix: 'known-bug' | 'gemini-trap'
  readonly lines: Readonly<Record<number, Line>>
  /** Every number that must be there. */
  readonly from: number
  readonly to: number
}
