const encoder = new TextEncoder()

/** The bytes of a text, in a buffer of their own, as WebCrypto wants them. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(encoder.encode(text))
