/** Seeded and splittable: the same seed is the same run. */
export type Random = () => number

export const exponential = (random: Random, mean: number): number => -Math.log(1 - random()) * mean
export const between = (random: Random, from: number, to: number): number => from + (to - from) * random()
export const logNormal = (random: Random, median: number, sigma: number): number =>
  median * Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()))

/** Picks an index with probability in proportion to its weight, by bisection. */
export function picker(weights: readonly number[]): (random: Random) => number {
  const sums: number[] = []
  let total = 0
  for (const weight of weights) sums.push((total += weight))
  return (random) => {
    const x = random() * total
    let low = 0
    let high = sums.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sums[middle] ?? 0) > x) high = middle
      else low = middle + 1
    }
    return low
  }
}
