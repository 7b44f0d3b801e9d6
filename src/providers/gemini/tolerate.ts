/** Reading what Google answered: a member of another type than it should be counts as absent. */

export function textOnly(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
export function objectOnly<T extends object>(value: T | null | undefined): T | undefined {
  return typeof value === 'object' && value !== null ? value : undefined
}
export function listOnly<T>(value: readonly T[] | null | undefined): readonly T[] {
  return Array.isArray(value) ? value : []
}
/** Never negative, never NaN; int64 comes as a string, zero is left out. */
export function countOnly(value: unknown): number {
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0
  return Number.isFinite(number) && number > 0 ? Math.floor(number) : 0
}
