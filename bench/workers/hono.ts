import { Hono } from 'hono'

/**
 * What any gateway must do, and nothing else: read and parse the request to know its model, send it on; read and
 * parse the answer to know its usage, send it back. A stream goes through a bare reader loop.
 */
const app = new Hono<{ Bindings: { UPSTREAM: string } }>()

app.post('/v1/chat/completions', async (c) => {
  const text = await c.req.text()
  const { stream } = JSON.parse(text) as { stream?: boolean }
  const upstream = await fetch(`${c.env.UPSTREAM}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-upstream' },
    body: text,
  })
  if (stream === true && upstream.body !== null)
    return new Response(relayed(upstream.body), { headers: { 'content-type': 'text/event-stream' } })
  const answer = await upstream.text()
  const { usage } = JSON.parse(answer) as { usage?: { total_tokens: number } }
  return new Response(answer, {
    headers: { 'content-type': 'application/json', 'x-tokens': String(usage?.total_tokens) },
  })
})

function relayed(upstream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = upstream.getReader()
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

export default app
