/** The part of a V8 CPU profile that is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Profiles the worker behind an inspector port while `work` runs. */
export async function profiled(port: number, work: () => Promise<unknown>): Promise<CpuProfile> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as [
    { webSocketDebuggerUrl: string },
  ]
  const socket = new WebSocket(target.webSocketDebuggerUrl)
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true })
    socket.addEventListener('error', reject, { once: true })
  })
  try {
    await call(socket, 'Profiler.enable')
    await call(socket, 'Profiler.setSamplingInterval', { interval: 100 })
    await call(socket, 'Profiler.start')
    await work()
    const { profile } = (await call(socket, 'Profiler.stop')) as { profile: CpuProfile }
    return profile
  } finally {
    socket.close()
  }
}

let lastId = 0

function call(socket: WebSocket, method: string, params: object = {}): Promise<unknown> {
  const id = ++lastId
  return new Promise((resolve, reject) => {
    const listen = ({ data }: MessageEvent): void => {
      const message = JSON.parse(String(data)) as {
        id?: number
        result?: unknown
        error?: { message: string }
      }
      if (message.id !== id) return
      socket.removeEventListener('message', listen)
      if (message.error === undefined) resolve(message.result)
      else reject(new Error(`${method}: ${message.error.message}`))
    }
    socket.addEventListener('message', listen)
    socket.send(JSON.stringify({ id, method, params }))
  })
}
