const PICO_PER_MICRO = 1_000_000n
const FRACTION_DIGITS = 12

/** An exact decimal, e.g. `0.00024`: no exponent, no trailing zeros, no rounding. */
export function formatUsd(picoUsd: bigint): string {
  const sign = picoUsd < 0n ? '-' : ''
  const digits = String(picoUsd < 0n ? -picoUsd : picoUsd).padStart(FRACTION_DIGITS + 1, '0')
  const fraction = digits.slice(-FRACTION_DIGITS).replace(/0+$/, '')
  return `${sign}${digits.slice(0, -FRACTION_DIGITS)}${fraction && `.${fraction}`}`
}

/** Millionths of a dollar, rounded half up, for counters that add many amounts. */
export function toMicroUsd(picoUsd: bigint): number {
  return Number(dividedHalfUp(picoUsd, PICO_PER_MICRO))
}

/** The quotient of a non-negative amount, rounded half up. */
export function dividedHalfUp(amount: bigint, divisor: bigint): bigint {
  return (amount * 2n + divisor) / (divisor * 2n)
}
