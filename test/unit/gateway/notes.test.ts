import { expect, it } from 'vitest'
import { createNotes } from '../../../src/gateway/attempt/notes.ts'

it('keeps tenants apart, whatever their names', () => {
  const notes = createNotes()
  notes('a').set('b', '1')
  notes('ab').set('', '2')
  expect([notes('a').get('b'), notes('ab').get(''), notes('b').get('b')]).toEqual(['1', '2', undefined])
})

it('forgets the oldest first, within its bound', () => {
  const notes = createNotes(100)('t')
  for (let i = 0; i < 50; i++) notes.set(`k${i}`, 'x'.repeat(10))
  expect(notes.get('k0')).toBeUndefined()
  expect(notes.get('k49')).toBe('x'.repeat(10))
  notes.set('k49', 'y')
  expect(notes.get('k49')).toBe('y')
})
