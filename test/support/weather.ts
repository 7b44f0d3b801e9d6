import * as z from 'zod'

/** Two tools that a loop can call in any order, and what they were called with. */
export const FORECAST = z.object({
  city: z.string(),
  days: z.number().int().min(1).max(5),
  unit: z.enum(['celsius', 'fahrenheit']),
})
export const CLOCK = z.object({ zone: z.string() })

/** A structured answer with what strict schemas allow: nesting, lists, enums, unions with null. */
export const REPORT = z.object({
  title: z.string(),
  mood: z.enum(['good', 'bad']),
  score: z.number().min(0).max(10),
  note: z.string().nullable(),
  lines: z.array(z.object({ label: z.string(), amount: z.number().int() })),
})
