import type { Chunks } from '../../lib/chunks.ts'
import { patchJson } from '../../lib/json-scan.ts'
import { patchForm } from '../../lib/multipart-patch.ts'
import type { Patch, Target } from '../../providers/provider.ts'
import type { RawBody } from '../types.ts'

/** The caller's body as a relaying codec wants it, and the type that it is of. */
export function relayedBody(
  raw: RawBody,
  patch: Patch | undefined,
  { model }: Target,
): { readonly body: BodyInit; readonly contentType: string } {
  switch (raw.kind) {
    case 'json':
      return {
        body: patch === undefined ? raw.bytes : patchJson(raw.text, raw.members, patch),
        contentType: 'application/json',
      }
    case 'form': {
      // The form may name another model than the header that decided.
      const { set = {}, drop = [] } = patch ?? {}
      return {
        body: bodyOf(patchForm(raw.form, { set: { ...set, model }, drop })),
        contentType: raw.contentType,
      }
    }
    case 'unread':
      return { body: raw.stream, contentType: raw.contentType }
  }
}

/** A body whose length the upstream is told, made as it is sent. A new one for each attempt. */
export function bodyOf(content: string | Chunks): BodyInit {
  if (typeof content === 'string') return content
  const { readable, writable } = new FixedLengthStream(content.byteLength)
  // A failure is the reader's to hear of; this side only stops.
  void write(content, writable.getWriter()).catch(() => undefined)
  return readable
}

async function write(content: Chunks, writer: WritableStreamDefaultWriter<Uint8Array>): Promise<void> {
  for (const piece of content) await writer.write(piece)
  await writer.close()
}
