import type { Timers } from './clock.ts'

/** Undefined if `work` takes longer; the work itself goes on. */
export function within<T>(timers: Timers, ms: number, work: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  return raced(timers, ms, work, { late: late.promise, over: () => late.resolve(undefined) })
}

/** Rejects with `error` if `work` takes longer; the work itself goes on. */
export function inTime<T>(timers: Timers, ms: number, work: Promise<T>, error: () => Error): Promise<T> {
  const late = Promise.withResolvers<never>()
  return raced(timers, ms, work, { late: late.promise, over: () => late.reject(error()) })
}

async function raced<T, L>(
  timers: Timers,
  ms: number,
  work: Promise<T>,
  { late, over }: { readonly late: Promise<L>; readonly over: () => void },
): Promise<T | L> {
  const stop = timers.after(ms, over)
  try {
    return await Promise.race([work, late])
  } finally {
    stop()
  }
}
