/**
 * A sliding minute: how much was booked when, in whole seconds, oldest first. Unlike a bucket it lets no minute,
 * wherever it begins, hold more than the limit; what is at the edge counts up to a second longer than it must.
 */
export type Window = readonly (readonly [second: number, amount: number])[]

const SECOND_MS = 1_000
export const WINDOW_MS = 60_000

/** Forgets what no minute that ends now or later can hold. */
export function pruned(window: Window, now: number): Window {
  const first = window.findIndex(([second]) => leavesAt(second) > now)
  return first < 0 ? [] : first === 0 ? window : window.slice(first)
}

export function total(window: Window): number {
  return window.reduce((sum, [, amount]) => sum + amount, 0)
}

/** `at` may lie ahead: a lease is booked at the end of its life, the latest that it can be used. */
export function booked(window: Window, at: number, amount: number): Window {
  if (amount === 0) return window
  const second = secondOf(at)
  const index = window.findLastIndex(([each]) => each <= second)
  const found = window[index]
  if (found?.[0] === second) return window.with(index, [second, found[1] + amount])
  return window.toSpliced(index + 1, 0, [second, amount])
}

/** Takes back what was booked at `at`; more than is there, or from where nothing is, comes to nothing. */
export function refunded(window: Window, at: number, amount: number): Window {
  const second = secondOf(at)
  const index = window.findIndex(([each]) => each === second)
  const found = window[index]
  if (found === undefined || amount <= 0) return window
  const left = Math.max(0, found[1] - amount)
  return left === 0 ? window.toSpliced(index, 1) : window.with(index, [second, left])
}

/**
 * After the clock went back, bookings of a time that has not come yet count as made `latest`: nothing is free
 * again, and nobody waits for the clock to catch up.
 */
export function anchored(window: Window, latest: number): Window {
  const second = secondOf(latest)
  const ahead = window.findIndex(([each]) => each > second)
  if (ahead < 0) return window
  return booked(window.slice(0, ahead), latest, total(window.slice(ahead)))
}

/** Milliseconds until `need` more fits under `limit`. */
export function waitMs(window: Window, now: number, limit: number, need: number): number {
  let left = total(window)
  if (left + need <= limit) return 0
  for (const [second, amount] of window) {
    left -= amount
    if (left + need <= limit) return Math.max(0, leavesAt(second) - now)
  }
  return WINDOW_MS
}

/** Milliseconds until the window is empty. */
export function emptyMs(window: Window, now: number): number {
  const last = window.at(-1)
  return last === undefined ? 0 : Math.max(0, leavesAt(last[0]) - now)
}

function secondOf(at: number): number {
  return Math.floor(at / SECOND_MS)
}
function leavesAt(second: number): number {
  return (second + 1) * SECOND_MS + WINDOW_MS
}
