/** Tool names in both alphabets; `toGemini` and `fromGemini` are inverse for declared names. */
export interface Names {
  readonly toGemini: (name: string) => string
  readonly fromGemini: (name: string) => string
}

const GEMINI_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/
const LONGEST = 64

/** Google returns names like `default_api:f` or `default_api.f` for a tool declared as `f`. */
const KNOWN_PREFIX = /^default_api[.:]/

export function createNames(declared: readonly string[]): Names {
  const forward = new Map<string, string>()
  const back = new Map<string, string>()
  // Names that are fine as they are come first: a rewritten one must not take their place.
  const fitting = declared.filter((name) => GEMINI_NAME.test(name))
  const others = declared.filter((name) => !GEMINI_NAME.test(name))
  for (const name of [...fitting, ...others]) {
    const chosen = uniqueName(fit(name), back)
    forward.set(name, chosen)
    back.set(chosen, name)
  }
  return {
    toGemini: (name) => forward.get(name) ?? fit(name),
    fromGemini: (name) =>
      back.get(name) ?? back.get(name.replace(KNOWN_PREFIX, '')) ?? inAnyCase(name, back) ?? name,
  }
}

function fit(name: string): string {
  if (GEMINI_NAME.test(name)) return name
  const allowed = name.replace(/[^A-Za-z0-9_.:-]/g, '_')
  return (/^[A-Za-z_]/.test(allowed) ? allowed : `_${allowed}`).slice(0, LONGEST)
}

/** `name`, or `name_2`, `name_3`…: the first that `taken` does not hold. */
export function uniqueName(name: string, taken: ReadonlyMap<string, unknown>): string {
  let candidate = name
  for (let count = 2; taken.has(candidate); count++) {
    const suffix = `_${count}`
    candidate = name.slice(0, LONGEST - suffix.length) + suffix
  }
  return candidate
}

function inAnyCase(name: string, declared: ReadonlyMap<string, string>): string | undefined {
  const wanted = name.replace(KNOWN_PREFIX, '').toLowerCase()
  for (const [known, original] of declared) if (known.toLowerCase() === wanted) return original
  return undefined
}
